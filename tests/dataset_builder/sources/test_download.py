"""The real yt-dlp and ffmpeg against a server on loopback that plays every fault."""

import logging

import pytest
import soundfile
from scripted_server import Server, wav

from dataset_builder.build import Settings, build
from dataset_builder.intake.captions import read_entries
from dataset_builder.intake.youtube_tables import read_audiocaps
from dataset_builder.sources.download import Downloader
from dataset_builder.sources.failures import failure_of, reason_of_text
from dataset_builder.sources.ledger import Ledger, Record, import_list
from dataset_builder.sources.pacing import Pace
from dataset_builder.sources.youtube import YouTube

pytest.importorskip("yt_dlp", reason="the optional extra `download` is not installed")
from yt_dlp.extractor.common import InfoExtractor

OK, LATE, DEAD = "-okokokokok", "latelatela1", "deaddeadde2"


class Site(InfoExtractor):
    """A video site with YouTube's manners: a JSON page gives a reason or the address of the sound."""

    _VALID_URL = r"http://127\.0\.0\.1:\d+/watch/(?P<id>[\w-]{11})"
    IE_NAME = "loopback"

    def _real_extract(self, url):
        video = self._match_id(url)
        page = self._download_json(url, video)
        if page.get("geo"):
            self.raise_geo_restricted(page["reason"])
        if page.get("reason"):
            self.raise_no_formats(page["reason"], expected=True, video_id=video)
        facts = {"id": video, "title": video, "url": page["url"], "vcodec": "none", "ext": "wav"}
        return {**facts, "duration": page.get("duration"), "uploader": "somebody"}


def pace(patience=3):
    return Pace((0, 0), first_wait_s=0.02, patience=patience)


@pytest.fixture
def entries(tmp_path):
    """entries(id, ...): one AudioCaps row for each, starting at 3 s, two captions for the first."""

    def make(*ids):
        rows = [f"{number},{video},3,sound {number}" for number, video in enumerate(ids)]
        rows.append(f"99,{ids[0]},3,a second caption")
        (tmp_path / "table.csv").write_text("audiocap_id,youtube_id,start_time,caption\n" + "\n".join(rows) + "\n")
        from dataset_builder.intake.captions import merged

        return merged(list(read_audiocaps(tmp_path / "table.csv")))

    return make


def plain(server, **options):
    return YouTube(server.address + "/{id}.wav", timeout_s=1.0, **options)


def test_a_section_is_fetched_once_for_all_its_captions_and_builds_a_dataset(entries, tmp_path):
    with Server({f"/{OK}.wav": [wav(20)]}) as server:
        wanted = entries(OK)
        outcome = Downloader(tmp_path / "d", plain(server), pace()).run(wanted)
        asked = len(server.asked)
        again = Downloader(tmp_path / "d", plain(server), pace()).run(wanted)
        assert len(server.asked) == asked
    assert (outcome.ok, again.ok, outcome.sentence()) == (1, 1, "1 here, 0 failed, 0 pending")
    assert soundfile.info(tmp_path / "d" / "audio" / f"{OK}_3.flac").duration == pytest.approx(10, abs=0.05)
    built = build(read_entries(tmp_path / "d"), tmp_path / "set", Settings())["mini"]
    assert built.facts[0]["captions"] == ["sound 0", "a second caption"]
    assert built.facts[0]["recording"] == OK


@pytest.mark.parametrize(
    ("replies", "reason", "tries"),
    [
        ([404], "gone", 1),
        ([410], "gone", 1),
        ([451], "geo", 1),
        ([403], "expired", 3),
        ([500], "network", 3),
        (["reset"], "network", 3),
        (["slow"], "network", 3),
        ([b"<html>not found</html>"], "ffmpeg", 3),
        ([wav(8)], "truncated", 3),
        ([("half", wav(14))], "truncated", 3),
    ],
)
def test_every_fault_of_a_server_has_its_reason_and_number_of_tries(entries, tmp_path, replies, reason, tries):
    with Server({f"/{DEAD}.wav": replies}) as server:
        downloader = Downloader(tmp_path, plain(server), pace(), tries=min(tries, 2))
        outcome = downloader.run(entries(DEAD))
    record = downloader.ledger.records[f"{DEAD}_3"]
    assert outcome.failed.total() == 1
    assert record.reason == reason
    assert record.attempts == min(tries, 2)
    assert not list((tmp_path / "audio").iterdir())
    assert not (tmp_path / ".unfinished").exists()


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ({"reason": "Video unavailable. This video has been removed by the uploader"}, "gone"),
        ({"reason": "This account has been terminated"}, "gone"),
        ({"reason": "Private video. Sign in if you've been granted access"}, "private"),
        ({"reason": "Join this channel to get access to members-only content"}, "private"),
        ({"reason": "Sign in to confirm your age. This video may be inappropriate for some users."}, "age"),
        ({"reason": "The uploader has not made this video available in your country", "geo": True}, "geo"),
        ({"reason": "Requested format is not available"}, "format"),
    ],
)
def test_every_reason_of_the_site_is_recorded_by_its_class(entries, tmp_path, page, reason):
    with Server({f"/watch/{DEAD}": [page]}) as server:
        fetcher = YouTube(server.address + "/watch/{id}", timeout_s=1.0, extractors=(Site,))
        outcome = Downloader(tmp_path, fetcher, pace(), tries=1).run(entries(DEAD))
    assert outcome.failed == {reason: 1}


def test_a_video_that_ends_inside_the_section_is_complete_when_all_of_it_arrived(entries, tmp_path):
    with Server({}) as server:
        server.script[f"/watch/{OK}"] = [{"url": f"{server.address}/a.wav", "duration": 8.0}]
        server.script["/a.wav"] = [wav(8)]
        fetcher = YouTube(server.address + "/watch/{id}", timeout_s=2.0, extractors=(Site,))
        downloader = Downloader(tmp_path, fetcher, pace())
        outcome = downloader.run(entries(OK))
    record = downloader.ledger.records[f"{OK}_3"]
    assert (outcome.ok, record.attribution) == (1, "somebody")
    assert record.seconds == pytest.approx(5, abs=0.1)
    assert "somebody" in (tmp_path / "metadata.csv").read_text()


def test_retry_after_holds_everybody_back_and_the_row_succeeds_afterwards(entries, tmp_path):
    with Server({f"/{LATE}.wav": [(429, {"Retry-After": "1"}), wav(20)], f"/{OK}.wav": [wav(20)]}) as server:
        outcome = Downloader(tmp_path, plain(server), pace()).run(entries(LATE, OK))
        first, second = server.asked[0][1], server.asked[1][1]
    assert outcome.ok == 2
    assert second - first >= 0.95


def test_bot_checks_open_the_circuit_and_leave_the_rows_pending(entries, tmp_path):
    ids = [f"botbotbot{number:02d}" for number in range(6)]
    page = {"reason": "Sign in to confirm you’re not a bot. This helps protect our community."}
    with Server({f"/watch/{video}": [page] for video in ids}) as server:
        fetcher = YouTube(server.address + "/watch/{id}", timeout_s=1.0, extractors=(Site,))
        outcome = Downloader(tmp_path, fetcher, pace(patience=3)).run(entries(*ids))
        assert len(server.asked) == 3
    assert (outcome.ok, outcome.pending, outcome.stopped, outcome.failed.total()) == (0, 6, True, 0)
    assert not Ledger(tmp_path / "ledger.jsonl").records


def test_dead_ids_are_asked_again_only_on_request_and_transient_ones_always(entries, tmp_path):
    script = {f"/{DEAD}.wav": [404, wav(20)], f"/{LATE}.wav": [500, wav(20)]}
    with Server(script) as server:
        assert Downloader(tmp_path, plain(server), pace(), tries=1).run(entries(DEAD, LATE)).failed.total() == 2
        second = Downloader(tmp_path, plain(server), pace(), tries=1).run(entries(DEAD, LATE))
        assert (second.ok, dict(second.failed)) == (1, {"gone": 1})
        third = Downloader(tmp_path, plain(server), pace(), tries=1, retry_failed=True).run(entries(DEAD, LATE))
    assert third.ok == 2


def test_a_file_without_its_ledger_line_is_adopted_when_complete_and_fetched_again_when_not(entries, tmp_path):
    with Server({f"/{OK}.wav": [wav(20)], f"/{LATE}.wav": [wav(20)]}) as server:
        Downloader(tmp_path, plain(server), pace()).run(entries(OK, LATE))
        (tmp_path / "ledger.jsonl").unlink()
        cut = tmp_path / "audio" / f"{LATE}_3.flac"
        cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
        asked = len(server.asked)
        outcome = Downloader(tmp_path, plain(server), pace()).run(entries(OK, LATE))
        paths = {path for path, _ in server.asked[asked:]}
    assert outcome.ok == 2
    assert paths == {f"/{LATE}.wav"}


def test_garbage_and_repeats_in_a_ledger_are_ignored_with_the_line_named(tmp_path, caplog):
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.append(Record("a", "network"))
    with open(path, "ab") as file:
        file.write(b'>>>>>>> main\n\xff\xfe\n{"id": "b"}\n{"id": "c", "reason": "whatever"}\n{"id": "d", "rea')
    Ledger(path).append(Record("a", "ok"))
    with caplog.at_level(logging.WARNING):
        records = Ledger(path).records
    assert set(records) == {"a"}
    assert (records["a"].reason, records["a"].attempts) == ("ok", 2)
    assert all(f"line {number} is no record" in caplog.text for number in (2, 3, 4, 5, 6))


def test_fail_lists_of_others_are_taken_over_with_their_repeats_and_merge_marks(shared_data, tmp_path, caplog):
    lists = shared_data / "audiocaps" / "seed_lists"
    ledger = Ledger(tmp_path / "ledger.jsonl")
    assert import_list(lists / "val_download_fail.csv", ledger)[0] == 120
    (tmp_path / "fail.csv").write_text("audiocap_id,youtube_id,error\n1,aaaaaaaaaaa,x\n>>>>>>> main\n1,aaaaaaaaaaa,x\n")
    with caplog.at_level(logging.WARNING):
        assert import_list(tmp_path / "fail.csv", ledger) == (1, 120)
    assert "line 3 is no row" in caplog.text
    assert not ledger.records["aaaaaaaaaaa"].settled


def test_videos_that_others_had_are_asked_first_and_those_that_failed_elsewhere_last(entries, tmp_path):
    (tmp_path / "fail.csv").write_text(f"audiocap_id,youtube_id,error\n1,{DEAD},Download or conversion failure\n")
    (tmp_path / "success.csv").write_text(f"audiocap_id,youtube_id,start_time,caption\n2,{LATE},3,x\n")
    ledger = Ledger(tmp_path / "d" / "ledger.jsonl")
    assert [import_list(tmp_path / name, ledger)[0] for name in ("fail.csv", "success.csv")] == [1, 1]
    with Server({f"/{video}.wav": [404] for video in (DEAD, OK, LATE)}) as server:
        outcome = Downloader(tmp_path / "d", plain(server), pace(), tries=1).run(entries(DEAD, OK, LATE))
        asked = list(dict.fromkeys(path for path, _ in server.asked))
    assert asked == [f"/{LATE}.wav", f"/{OK}.wav", f"/{DEAD}.wav"]
    assert outcome.failed == {"gone": 3}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("This content isn't available, try again later.", "rate"),
        ("Video unavailable", "gone"),
        ("This video isn't available anymore", "gone"),
        ("Postprocessing: audio conversion failed", "ffmpeg"),
        ("something new", "unknown"),
    ],
)
def test_texts_are_classified(text, reason):
    assert reason_of_text(text) == reason


def test_a_full_disk_is_not_taken_for_a_failed_download():
    from spectrogram.problems import EnvironmentProblem

    with pytest.raises(EnvironmentProblem, match="expected free space"):
        failure_of(Exception("ERROR: unable to write data: [Errno 28] No space left on device"))

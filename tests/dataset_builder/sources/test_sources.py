"""Freesound, xeno-canto and Hub sources against real servers on loopback and a real dataset on disk."""

import pytest
from scripted_server import Server, wav

from dataset_builder.build import Settings, build
from dataset_builder.commands import fetch
from dataset_builder.intake.captions import read_entries
from dataset_builder.sources import freesound, hub, xeno_canto
from dataset_builder.sources.failures import Failure
from dataset_builder.sources.licences import licence_name
from dataset_builder.sources.sound_folder import Collection, Item, safe
from dataset_builder.sources.web import Web
from spectrogram.problems import EnvironmentProblem

FAST = Web(pause_s=0, tries=3, timeout_s=1)


def sound(server, number):
    return {
        "id": number,
        "name": f"Rain_on-roof {number}.wav",
        "tags": ["rain", "roof"],
        "license": "http://creativecommons.org/licenses/by/4.0/",
        "username": "ann",
        "previews": {"preview-hq-ogg": f"{server.address}/{number}.ogg"},
        "url": f"https://freesound.org/people/ann/sounds/{number}/",
    }


def test_freesound_pages_become_captioned_sounds_with_licence_and_author(tmp_path, monkeypatch):
    monkeypatch.setenv("FREESOUND_KEY", "secret")
    with Server({f"/{n}.ogg": [wav(2)] for n in (1, 2)} | {"/3.ogg": [404]}) as server:
        first = {"next": "page2", "results": [sound(server, 1), sound(server, 2)]}
        server.script["/search"] = [503, first, {"next": None, "results": [sound(server, 3)]}]
        found = freesound.search("rain", FAST, address=server.address + "/search")
        counts = Collection(tmp_path).fill(found)
        assert "token=secret" in server.asked[0][0]
    assert counts == {"ok": 2, "gone": 1}
    one, _ = read_entries(tmp_path)
    assert (one.captions, one.licence, one.label) == (("rain on roof",), "CC BY 4.0", "rain")
    assert one.attribution == "Rain_on-roof 1.wav by ann (freesound.org)"
    assert one.recording == "fs:1"


def test_a_dry_run_asks_for_the_listing_and_for_no_sound(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FREESOUND_KEY", "secret")
    with Server({}) as server:
        listed = [sound(server, 1) | {"duration": 100.0}, sound(server, 2) | {"duration": 50.0}]
        server.script["/search"] = [{"next": None, "results": listed}]
        where = ["--out", str(tmp_path / "d"), "--address", server.address + "/search", "--pause", "0"]
        assert fetch.main(["freesound", "rain", "--dry-run", *where]) == 0
        assert len(server.asked) == 1
    assert "2 sounds offered (--limit 100), 2 not here yet, about 3 MB" in capsys.readouterr().out
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(("length", "seconds"), [("0:07", 7), ("1:05", 65), ("1:02:03", 3723), ("", None)])
def test_the_lengths_of_xeno_canto_are_minutes_and_seconds(length, seconds):
    assert xeno_canto.seconds_of(length) == seconds


def test_xeno_canto_keeps_species_country_and_licence_and_skips_withheld_recordings(tmp_path, monkeypatch):
    monkeypatch.setenv("XENO_CANTO_KEY", "secret")
    recording = {"id": "7", "gen": "Turdus", "sp": "merula", "en": "Common Blackbird", "cnt": "Spain", "type": "song"}
    recording |= {"lic": "//creativecommons.org/licenses/by-nc-sa/4.0/", "rec": "Jo"}
    with Server({"/7": [wav(2)]}) as server:
        pages = [{"numPages": 2, "recordings": [recording | {"file": f"{server.address}/7"}]}]
        pages.append({"numPages": 2, "recordings": [recording | {"id": "8", "file": ""}]})
        server.script["/api"] = pages
        counts = Collection(tmp_path).fill(xeno_canto.search("sp:merula", FAST, address=server.address + "/api"))
    assert counts == {"ok": 1}
    (entry,) = read_entries(tmp_path)
    assert entry.captions[0] == "the song of a Common Blackbird, a bird"
    assert entry.captions[1].endswith("recorded in Spain")
    assert (entry.licence, entry.source) == ("CC BY-NC-SA 4.0", "https://xeno-canto.org/7")
    assert entry.attribution == "Jo, XC7, xeno-canto.org"


@pytest.mark.parametrize(("source", "key"), [(freesound, "FREESOUND_KEY"), (xeno_canto, "XENO_CANTO_KEY")])
def test_a_missing_key_is_named(source, key, monkeypatch):
    monkeypatch.delenv(key, raising=False)
    with pytest.raises(EnvironmentProblem, match=f"{key} is not set"):
        next(source.search("x", FAST))


def test_a_refused_key_ends_the_command_with_5_and_never_shows_the_key(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FREESOUND_KEY", "verysecret")
    with Server({"/search": [401]}) as server:
        where = ["--out", str(tmp_path / "d"), "--address", server.address + "/search"]
        assert fetch.main(["freesound", "rain", "--pause", "0", *where]) == 5
    shown = capsys.readouterr().err
    assert "HTTP 401" in shown
    assert "verysecret" not in shown


def test_retry_after_is_honoured_and_half_an_answer_is_asked_again():
    waits = []
    with Server({"/a": [(429, {"Retry-After": "17"}), ("half", b"x" * 100), b"y" * 100]}) as server:
        assert Web(pause_s=0, tries=3, sleep=waits.append).bytes(server.address + "/a") == b"y" * 100
    assert 17.0 in waits


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/x", "/etc/passwd"])
def test_only_web_addresses_are_asked(address):
    with pytest.raises(Failure, match="no web address"):
        FAST.bytes(address)


def test_a_collection_goes_on_after_a_torn_line_and_fetches_nothing_twice(tmp_path):
    fetched = []

    def item(name):
        return Item(name, ".wav", (name,), lambda: fetched.append(name) or wav(1))

    Collection(tmp_path).fill([item("a"), item("b")])
    with open(tmp_path / "rows.jsonl", "ab") as file:
        file.write(b'{"id": "torn')
    Collection(tmp_path).fill([item("a"), item("b"), item("c")])
    assert fetched == ["a", "b", "c"]
    assert [entry.clip_id for entry in read_entries(tmp_path)] == ["a", "b", "c"]


def test_names_of_others_become_harmless_and_stay_different():
    names = ["../../x", "..\\x", "a b", "a/b", ".hidden", "-dash", "é"]
    assert len({safe(name) for name in names}) == len(names)
    assert all("/" not in safe(name) and not safe(name).startswith(".") for name in names)


def test_a_dataset_is_streamed_into_a_folder_that_builds_again(folder, tmp_path):
    build(read_entries(folder), tmp_path / "set", Settings())
    counts = Collection(tmp_path / "copy").fill(hub.stream(str(tmp_path / "set"), "train", limit=5))
    assert counts == {"ok": 5}
    entries = read_entries(tmp_path / "copy")
    assert {entry.split for entry in entries} == {"train"}
    assert {entry.label for entry in entries} <= {"high", "low"}
    assert build(entries, tmp_path / "again", Settings())["mini"].kept == 5


def test_licences_are_written_as_people_write_them():
    assert licence_name("http://creativecommons.org/publicdomain/zero/1.0/") == "CC0 1.0"
    assert licence_name("//creativecommons.org/licenses/by-nc-nd/4.0/") == "CC BY-NC-ND 4.0"

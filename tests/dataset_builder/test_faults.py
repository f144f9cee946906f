"""Every fault that a builder of datasets meets, and the test that shows what happens then."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from scripted_server import Server, wav
from tones import RATE_HZ, tone

from dataset_builder.commands import audiocaps, download
from dataset_builder.commands import build as command
from dataset_builder.making.clip import Clip, Dropped, cut
from dataset_builder.making.workspace import locked
from spectrogram.params import SpectrogramParams
from tests.next_lines import follow

ROOT = Path(__file__).resolve().parents[2]
MINI = SpectrogramParams.preset("mini")
AUDIOCAPS = "audiocap_id,youtube_id,start_time,caption\n"

SHOWN_BY = {
    "killed anywhere while building": "test_build test_a_build_killed_at_two_points_ends_with_the_same_bytes",
    "killed between a media file and its ledger line": (
        "test_download test_a_file_without_its_ledger_line_is_adopted_when_complete_and_fetched_again_when_not"
    ),
    "two builds on one folder": "test_build test_a_second_build_on_one_folder_is_told_the_pid_of_the_first",
    "the lock of a dead build": "test_faults test_the_lock_of_a_killed_build_is_free",
    "disk full while rows are written": "test_build test_a_full_disk_leaves_the_old_dataset_and_the_next_run_goes_on",
    "disk full while a ledger is written": "test_faults test_a_ledger_on_a_full_disk_names_the_file_and_the_bytes",
    "disk full while media are fetched": "test_download test_a_full_disk_is_not_taken_for_a_failed_download",
    "too little room for the whole": "test_configs test_too_little_room_is_told_before_the_first_clip",
    "truncated download": "test_download test_every_fault_of_a_server_has_its_reason_and_number_of_tries",
    "truncated WAV that still decodes": "test_clips test_a_truncated_wav_that_still_decodes_is_found",
    "429 with Retry-After": "test_download test_retry_after_holds_everybody_back_and_the_row_succeeds_afterwards",
    "refused again and again": "test_faults test_a_site_that_refuses_leaves_the_rows_pending_and_says_how_to_go_on",
    "bot check": "test_download test_bot_checks_open_the_circuit_and_leave_the_rows_pending",
    "dead, private, blocked ids": "test_download test_every_reason_of_the_site_is_recorded_by_its_class",
    "dead ids are left alone": "test_download test_dead_ids_are_asked_again_only_on_request_and_transient_ones_always",
    "server errors and time-outs": "test_download test_every_fault_of_a_server_has_its_reason_and_number_of_tries",
    "garbage and repeats in a ledger": (
        "test_download test_garbage_and_repeats_in_a_ledger_are_ignored_with_the_line_named"
    ),
    "five captions a clip": "test_youtube_tables test_the_tables_of_audiocaps_keep_every_row",
    "which of five captions": "test_configs test_all_the_first_or_a_random_wording_of_a_clip_are_kept",
    "same id, other start": "test_youtube_tables test_same_id_with_two_starts_is_two_clips_of_one_recording",
    "exact repeat of a row": "test_captions test_an_exact_repeat_is_counted_once_with_a_warning",
    "one recording in two splits": ("test_captions test_a_recording_in_two_splits_is_refused_naming_both_rows"),
    "one id in two tables": "test_faults test_a_video_in_two_tables_is_refused_naming_both_rows",
    "hostile ids": ("test_youtube_tables test_anything_but_eleven_harmless_characters_is_refused_with_its_row"),
    "a leading dash": "test_youtube_tables test_a_leading_dash_and_a_decimal_start_are_an_ordinary_id_and_time",
    "byte order mark, Windows lines": "test_tables test_every_csv_that_pandas_writes_comes_back_equal",
    "damaged tables": "test_tables test_a_damaged_table_is_refused_with_its_place",
    "AudioSet's separators": "test_youtube_tables test_audioset_rows_have_four_columns_and_their_own_length",
    "captions of every script": "test_tables test_every_caption_comes_back_as_it_was_written",
    "captions the text encoder cuts": "test_faults test_captions_longer_than_the_text_encoder_reads_are_reported",
    "a console of ASCII": "test_build test_an_ascii_console_survives_any_caption_and_the_dry_run_builds_nothing",
    "silence": "test_clips test_silence_is_dropped_or_kept_by_policy_and_never_nan",
    "zero length, too short, no sound": "test_clips test_short_empty_and_foreign_files_have_their_own_reasons",
    "NaN": "test_clips test_nan_is_named_with_its_first_sample",
    "a constant offset": "test_clips test_a_constant_offset_is_not_taken_for_an_error",
    "over full scale": "test_clips test_over_full_scale_sound_is_turned_down_not_wrapped",
    "clipped": "test_clips test_the_clipped_share_of_a_clipped_sine_is_recorded",
    "other rates": "test_clips test_a_clip_keeps_the_pitch_and_level_of_a_stereo_file_of_another_rate",
    "other formats and channels": "test_clips test_wav_subtypes_and_channel_counts_become_the_same_clip",
    "a huge header": "test_clips test_a_header_that_promises_two_gigabytes_costs_no_memory",
    "a huge file": "test_clips test_a_recording_of_forty_minutes_is_read_in_windows",
    "a FLAC that lies about its length": "test_faults test_a_flac_that_promises_days_is_found_out",
    "a picture that is broken, tiny or huge": (
        "test_foreign test_broken_tiny_and_huge_pictures_are_named_before_they_are_decoded"
    ),
    "pictures of 16 bit and palettes": (
        "test_foreign test_sixteen_bits_palette_and_transparency_are_heard_as_bytes_are"
    ),
    "a broken picture in a dataset": "test_faults test_a_broken_picture_of_a_dataset_is_named",
}


@pytest.mark.parametrize("fault", SHOWN_BY)
def test_every_fault_is_shown_by_a_test_that_exists(fault):
    module, name = SHOWN_BY[fault].split()
    (file,) = (ROOT / "tests").rglob(f"{module}.py")
    text = file.read_text(encoding="utf-8")
    assert f"def {name}(" in text


def test_the_lock_of_a_killed_build_is_free(tmp_path):
    pid = os.fork()
    if not pid:
        with locked(tmp_path / "set"):
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    with locked(tmp_path / "set") as folder:
        assert (folder / "lock.pid").read_text() == f"{os.getpid()}\n"


def test_a_ledger_on_a_full_disk_names_the_file_and_the_bytes(tmp_path):
    code = f"""
import sys
from spectrogram.exits import ended
from dataset_builder.sources.ledger import Ledger, Record
ledger = Ledger({str(tmp_path / "ledger.jsonl")!r})
sys.exit(ended(lambda: [ledger.append(Record(f"clip{{number}}", "gone")) for number in range(9)] and 0))
"""
    limit = (500, 500)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert done.returncode == 5, done.stderr
    assert "ledger.jsonl" in done.stderr
    assert "bytes of free space" in done.stderr
    kept = (tmp_path / "ledger.jsonl").read_text().splitlines()
    assert json.loads(kept[0])["id"] == "clip0"


def test_a_site_that_refuses_leaves_the_rows_pending_and_says_how_to_go_on(tmp_path, capsys):
    pytest.importorskip("yt_dlp", reason="the optional extra `download` is not installed")
    (tmp_path / "t.csv").write_text(AUDIOCAPS + "".join(f"{n},aaaaaaaaaa{n},0,x\n" for n in range(5)))
    refused = [(429, {"Retry-After": "0"})]
    with Server({f"/aaaaaaaaaa{n}.wav": refused for n in range(5)}) as server:
        arguments = [str(tmp_path / "t.csv"), "--out", str(tmp_path / "d"), "--pause", "0", "0"]
        arguments += ["--address", server.address + "/{id}.wav"]
        assert download.main(arguments) == 3
    shown = capsys.readouterr().out
    assert "0 here, 0 failed, 5 pending" in shown
    assert "stopped: the site refuses" in shown
    assert f"python -m dataset_builder download {tmp_path / 't.csv'}" in shown


@pytest.mark.next_line("dataset_builder/commands/download.py hint")
def test_a_proxy_is_asked_for_the_video_and_cookies_go_along(tmp_path, capsys, monkeypatch):
    pytest.importorskip("yt_dlp", reason="the optional extra `download` is not installed")
    (tmp_path / "t.csv").write_text(AUDIOCAPS + "1,aaaaaaaaaaa,0,x\n")
    jar = "# Netscape HTTP Cookie File\nvideo.test\tFALSE\t/\tFALSE\t4102444800\tsession\topen\n"
    (tmp_path / "cookies.txt").write_text(jar)
    # yt-dlp leaves the port out, ffmpeg does not.
    addresses = ("http://video.test/aaaaaaaaaaa.wav", "http://video.test:80/aaaaaaaaaaa.wav")
    with Server({address: [wav(12)] for address in addresses}) as server:
        arguments = [str(tmp_path / "t.csv"), "--out", str(tmp_path / "d"), "--pause", "0", "0"]
        arguments += ["--proxy", server.address]
        arguments += ["--address", "http://video.test/{id}.wav", "--cookies", str(tmp_path / "cookies.txt")]
        assert download.main(arguments) == 0
        assert server.headers[0]["Cookie"] == "session=open"
    monkeypatch.chdir(tmp_path)
    assert follow(capsys.readouterr().out, "--workers", "1") == 0


def test_audiocaps_from_its_tables_is_downloaded_and_built_in_one_command(tmp_path, capsys, monkeypatch):
    pytest.importorskip("yt_dlp", reason="the optional extra `download` is not installed")
    monkeypatch.setattr(download, "PAUSE_S", (0.0, 0.0))
    (tmp_path / "train.csv").write_text(AUDIOCAPS + "1,aaaaaaaaaaa,0,a dog\n2,goneggggone,0,rain\n")
    (tmp_path / "test.csv").write_text(AUDIOCAPS + "3,bbbbbbbbbbb,1,a bell\n4,bbbbbbbbbbb,1,one bell\n")
    with Server({"/aaaaaaaaaaa.wav": [wav(12)], "/bbbbbbbbbbb.wav": [wav(13, 700)]}) as server:
        arguments = ["--from", "youtube", "--csv", str(tmp_path / "train.csv"), "--csv", str(tmp_path / "test.csv")]
        arguments += ["--address", server.address + "/{id}.wav", "--downloads", str(tmp_path / "d")]
        assert audiocaps.main([*arguments, "--out", str(tmp_path / "set")]) == 3
    shown = capsys.readouterr().out
    assert "2 here, 1 failed (gone 1), 0 pending" in shown
    assert "kept 2, dropped 0" in shown
    splits = (tmp_path / "set" / "splits.csv").read_text().splitlines()[1:]
    assert splits == ["aaaaaaaaaaa,train", "bbbbbbbbbbb,test"]


def test_a_video_in_two_tables_is_refused_naming_both_rows(tmp_path, capsys):
    (tmp_path / "train.csv").write_text(AUDIOCAPS + "1,aaaaaaaaaaa,0,x\n2,bbbbbbbbbbb,0,y\n")
    (tmp_path / "test.csv").write_text(AUDIOCAPS + "3,bbbbbbbbbbb,30,z\n")
    tables = [str(tmp_path / "train.csv"), str(tmp_path / "test.csv"), "--dry-run"]
    assert download.main(tables) == 4
    assert "train.csv row 3 (train) and test.csv row 2 (test)" in capsys.readouterr().err
    assert download.main([*tables, "--allow-overlap"]) == 0


def test_captions_longer_than_the_text_encoder_reads_are_reported(folder, tmp_path, capsys):
    table = folder / "metadata.csv"
    table.write_text(table.read_text().replace("a low tone", "a low tone " + "and so on " * 30, 1))
    assert command.main([str(folder), "--out", str(tmp_path / "set")]) == 0
    assert "1 captions have more than 55 words: the text encoder reads 77 tokens" in capsys.readouterr().out


def test_a_flac_that_promises_days_is_found_out(tmp_path):
    soundfile.write(tmp_path / "a.flac", tone(3), RATE_HZ)
    assert isinstance(cut(str(tmp_path / "a.flac"), MINI), Clip)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    # The number of samples: the last four bits of byte 21 and four bytes more.
    data[21] |= 0x0F
    (tmp_path / "b.flac").write_bytes(data)
    found = cut(str(tmp_path / "b.flac"), MINI)
    assert isinstance(found, Dropped)
    assert found.reason in ("truncated", "unreadable")
    assert "states" in found.detail


def test_a_broken_picture_of_a_dataset_is_named(folder, tmp_path):
    from dataset_builder.build import Settings, build
    from dataset_builder.commands.inspect import find, write
    from dataset_builder.intake.captions import read_entries
    from spectrogram.problems import PictureProblem

    build(read_entries(folder), tmp_path / "set", Settings())
    row = find(tmp_path / "set", "mini", "train", "0")
    row["image"]["bytes"] = row["image"]["bytes"][:-200]
    with pytest.raises(PictureProblem, match="cannot be read"):
        write(row, tmp_path / "look")

"""The demo never removes what it did not write."""

import pytest

import demo


def test_a_folder_with_other_files_is_refused_and_kept(tmp_path, capsys):
    (tmp_path / "song.wav").write_bytes(b"precious")
    with pytest.raises(SystemExit) as stop:
        demo.main(["--out", str(tmp_path)])
    assert stop.value.code == 2
    assert "holds other files (expected an empty folder or an earlier demo)" in capsys.readouterr().err
    assert (tmp_path / "song.wav").read_bytes() == b"precious"


def test_an_earlier_demo_is_cleared(tmp_path):
    out = tmp_path / "demo"
    (out / "recordings").mkdir(parents=True)
    (out / "recordings" / "strong_labels.jsonl").write_text("{}\n")
    demo.clear(out)
    assert not out.exists()

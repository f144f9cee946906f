"""What a stranger sends costs no other visitor anything, leaves nothing behind and shows nothing of the server."""

import base64
import io
import json
import tempfile
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
import soundfile
from gradio.context import LocalContext
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from space.engine import scoring
from space.parts.links import from_link
from space.parts.status import status_html
from space.store.clips import KEPT_FOLDERS, ClipStore
from space.store.places import without_paths
from space.store.uploads import collect
from spectrogram.params import KEY, SpectrogramParams
from spectrogram.problems import Problem, UsageProblem


def noise() -> bytes:
    data = io.BytesIO()
    soundfile.write(data, np.random.default_rng(0).normal(0, 0.1, 30000), 24000, format="WAV")
    return data.getvalue()


def zip_of(path: Path, files: dict[str, bytes]) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return str(path)


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_of_a_zip_to_score_only_sounds_are_unpacked_and_nothing_stays(tmp_path, temporary, monkeypatch):
    unpacked = []
    monkeypatch.setattr(
        scoring,
        "score_files",
        lambda *given: unpacked.extend(p.name for p in temporary.rglob("*") if p.is_file()) or {},
    )
    sounds = {f"{i}.wav": noise() for i in range(2)}
    given = zip_of(tmp_path / "a.zip", sounds | {"a.txt": bytes(3_000_000), "../evil.wav": b"x", ".hidden.wav": b"x"})
    scoring.score_zips(given, given)
    assert sorted(unpacked) == ["0.wav", "0.wav", "1.wav", "1.wav"]
    assert list(temporary.iterdir()) == []


def test_a_zip_that_swells_is_refused_before_it_is_unpacked(tmp_path, temporary, monkeypatch):
    monkeypatch.setattr(scoring, "LARGEST_SET_BYTES", 1 << 20)
    given = zip_of(tmp_path / "a.zip", {"a.wav": bytes(3 << 20)})
    with pytest.raises(Problem, match="too large"):
        scoring.score_zips(given, given)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 broken", b"PK\x05\x06" + bytes(18)])
def test_a_damaged_zip_is_one_sentence(tmp_path, temporary, data):
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(Problem):
        scoring.score_zips(str(tmp_path / "a.zip"), str(tmp_path / "a.zip"))
    assert list(temporary.iterdir()) == []


def test_calls_without_files_leave_nothing(served):
    before = set(served.store.folder.iterdir())
    for _ in range(3):
        asked = httpx.post(f"{served.url}gradio_api/call/score", json={"data": [None, None]}).json()
        told = httpx.get(f"{served.url}gradio_api/call/score/{asked['event_id']}", timeout=60).text
        assert "event: error" in told
    assert {path for path in served.store.folder.iterdir() if path.is_dir()} <= before


def folders_of(store: ClipStore, address: str, count: int) -> list[Path]:
    page = SimpleNamespace(session_hash="x", headers={}, client=SimpleNamespace(host=address))
    token = LocalContext.request.set(page)
    try:
        return [store.new_folder() for _ in range(count)]
    finally:
        LocalContext.request.reset(token)


def test_a_flood_of_one_visitor_pushes_out_only_its_own_results(tmp_path):
    store = ClipStore(tmp_path / "clips")
    ours = folders_of(store, "10.0.0.1", 3)
    folders_of(store, "10.0.0.2", KEPT_FOLDERS + 20)
    store.forget_old()
    assert all(folder.is_dir() for folder in ours)
    assert len(list(store.folder.iterdir())) == KEPT_FOLDERS


def test_large_results_go_by_their_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("space.store.clips.KEPT_BYTES", 50_000)
    store = ClipStore(tmp_path / "clips")
    (ours,) = folders_of(store, "10.0.0.1", 1)
    for folder in folders_of(store, "10.0.0.2", 5):
        (folder / "sound.wav").write_bytes(bytes(20_000))
    store.forget_old()
    assert ours.is_dir()
    assert sum(path.stat().st_size for path in store.folder.rglob("*.wav")) <= 50_000


def test_captions_are_taken_from_what_people_wrote_and_never_invented(tmp_path):
    paths = []
    machines = (
        "001",
        "Recording (3)",
        "VID_2031",
        "Voice 014",
        "AUD-20240512-WA0001",
        "Sprachmemo 3",
        "新录音 5",
        "Запись 7",
    )
    machines += ("Standard recording 2", "R_0007", "Mémo vocal", "2024-05-12 10.30.00", "New Recording 12")
    for name in (*(f"{machine}.wav" for machine in machines), "owl_hooting_03.wav"):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(noise())
    given = zip_of(tmp_path / "sounds.zip", {"rain/007.wav": noise()})
    rows = collect([*map(str, paths), given], tmp_path / "upload").rows
    captions = {name: caption for name, caption, _ in rows}
    assert captions.pop("owl_hooting_03.wav") == "owl hooting"
    assert "given" not in captions.values()
    rain = captions.pop(next(name for name in captions if "007" in name and "R_" not in name))
    assert rain == "rain"
    assert set(captions.values()) == {""}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/home/ann/a.wav is broken", "a.wav is broken"),
        ("'/tmp/gradio/1f2/x y.wav' cannot be read", "'x y.wav' cannot be read"),
        ("C:\\Users\\ann\\a.wav", "a.wav"),
        ("see https://example.org/a/b and 3/4 or rain/wind", "see https://example.org/a/b and 3/4 or rain/wind"),
    ],
)
def test_no_folder_of_the_server_reaches_a_reader(text, told):
    assert without_paths(text) == told
    assert "/home/ann" not in status_html(text, (text,), problem=True)


def link_of(**values) -> str:
    return base64.urlsafe_b64encode(json.dumps({"prompt": "rain"} | values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "values",
    [
        {"seed": 10**400}, {"seed": 2**70}, {"seconds": 10**300}, {"guidance": float("nan")}, {"steps": -1},
        {"settings": {"share": 10**400}}, {"settings": {"events": [[0, float("inf"), "rain"]]}},
        {"adapter_scale": 1e30},
    ],
)  # fmt: skip
def test_a_link_with_numbers_that_no_field_holds_is_refused(values):
    with pytest.raises(Problem):
        from_link(link_of(**values))


def finetune_of(served):
    return next(
        owner
        for f in served.page.fns.values()
        if type(owner := getattr(f.fn, "__self__", None)).__name__ == "FinetuneTab"
    )


def test_an_anonymous_visitor_of_a_public_space_sees_nothing_of_its_owner(served, monkeypatch):
    tab, notes = finetune_of(served), served.places.runs / ".space"
    notes.mkdir(parents=True, exist_ok=True)
    note = {"pid": 1, "begun": None, "stopped": True, "steps": 3, "command": [], "sounds": "secret", "method": "lora"}
    (notes / "secret.json").write_text(json.dumps(note))
    (notes / "secret.log").write_text("a secret path")
    own = served.places.datasets_folder / "secret" / "data"
    own.mkdir(parents=True)
    (own / "train-0.parquet").write_bytes(b"x")
    try:
        assert "secret" in str(tab.watch("secret", None)[0])
        assert "secret" in tab.datasets()
        monkeypatch.setenv("SPACE_ID", "ann/sounds")
        monkeypatch.setenv("SPACE_AUTHOR_NAME", "ann")
        seen = (*tab.watch("secret", None), *tab.open("my-sound", "lora", "Standard", None), tab.datasets())
        assert "secret" not in str(seen)
    finally:
        for path in (notes / "secret.json", notes / "secret.log", own / "train-0.parquet"):
            path.unlink()
        own.rmdir()
        own.parent.rmdir()


def post_file(served, endpoint: str, name: str, data: bytes) -> str:
    """The events of an endpoint that takes one file."""
    (path,) = httpx.post(f"{served.url}gradio_api/upload", files={"files": (name, data)}, timeout=60).json()
    body = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
    asked = httpx.post(f"{served.url}gradio_api/call/{endpoint}", json=body, timeout=60).json()
    return httpx.get(f"{served.url}gradio_api/call/{endpoint}/{asked['event_id']}", timeout=120).text


def picture_of(params: SpectrogramParams, width: int) -> bytes:
    data, info = io.BytesIO(), PngInfo()
    info.add_text(KEY, params.to_json())
    Image.new("L", (width, params.height)).save(data, "PNG", pnginfo=info)
    return data.getvalue()


def test_a_picture_whose_parameters_ask_for_too_much_is_refused_at_once(served):
    params = SpectrogramParams.preset("mini")
    long_window = params.replace(window_ms=40_000.0, step_ms=20.0)
    for data in (picture_of(long_window, 256), picture_of(params, 30_000)):
        begun_s = time.monotonic()
        told = post_file(served, "decode", "a.png", data)
        assert "million spectral values" in told
        assert time.monotonic() - begun_s < 30


@pytest.mark.parametrize("cut", [40, 120, 400])
def test_a_picture_that_is_cut_is_refused_in_a_sentence(served, cut):
    told = post_file(served, "decode", "a.png", picture_of(SpectrogramParams.preset("mini"), 256)[:-cut])
    assert "event: error" in told
    assert "null" not in told.split("data: ")[-1]


def test_a_playlist_that_is_called_a_sound_opens_no_file_of_the_server(served, tmp_path, ffmpeg):
    secret = tmp_path / "secret.wav"
    secret.write_bytes(noise())
    playlist = f"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:5.0,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    told = post_file(served, "encode", "x.m4a", playlist.encode())
    assert "event: error" in told
    assert str(tmp_path) not in told
    assert "gradio" not in told.split("data: ")[-1]


def test_the_model_is_free_again_soon_after_a_client_left(served, slow_steps):
    data = ["rain", 1.0, "", 1, 100, 3.0, "none", 1.0]
    asked = httpx.post(f"{served.url}gradio_api/call/generate", json={"data": data}, timeout=60).json()
    stream = httpx.stream("GET", f"{served.url}gradio_api/call/generate/{asked['event_id']}", timeout=60)
    with stream as answer:
        assert answer.status_code == 200
        time.sleep(2)
    left_s = time.monotonic()
    while any(served.page._queue.active_jobs) and time.monotonic() - left_s < 60:
        time.sleep(0.1)
    # A hundred steps take ten seconds and more: it did not work to the end for nobody.
    assert time.monotonic() - left_s < 8


def test_a_missing_set_is_named():
    with pytest.raises(UsageProblem, match="The generated set is missing"):
        scoring.score_zips(None, None)

"""What `pip install sd-audio-spectrograms` brings: a small core that fits into other programs' environments."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import sd_audio

ROOT = Path(__file__).parents[1]
LARGEST_WHEEL_BYTES = 6_000_000
# What each host asks for: pins of AUTOMATIC1111 1.10.1, Forge, reForge and ComfyUI, and its Python.
A1111 = (
    "GitPython==3.1.32 Pillow==9.5.0 accelerate==0.21.0 einops==0.4.1 fastapi==0.94.0 gradio==3.41.2 httpcore==0.15 "
    "httpx==0.24.1 kornia==0.6.7 numpy==1.26.2 omegaconf==2.2.3 protobuf==3.20.0 psutil==5.9.5 "
    "pytorch_lightning==1.9.4 safetensors==0.4.2 scikit-image==0.21.0 spandrel==0.3.4 transformers==4.30.2"
)
FORGE = (
    "Pillow==9.5.0 accelerate==0.31.0 diffusers==0.31.0 einops==0.4.1 fastapi==0.104.1 gradio==4.40.0 httpx==0.24.1 "
    "huggingface-hub==0.26.2 numpy==1.26.2 peft==0.13.2 protobuf==3.20.0 psutil==5.9.5 pydantic==2.8.2 "
    "safetensors==0.4.2 scikit-image==0.21.0 spandrel==0.3.4 tqdm==4.66.1 transformers==4.46.1"
)
REFORGE = (
    "pillow==10.4.0 accelerate==0.21.0 diffusers==0.32.2 einops==0.8.0 fastapi==0.94.0 gradio==3.41.2 httpx==0.24.1 "
    "huggingface_hub==0.25.0 numpy==1.26.4 protobuf==3.20.0 psutil==5.9.5 pydantic==1.10.15 safetensors==0.5.2 "
    "scikit-image==0.25.1 spandrel==0.4.1 transformers==4.48.1"
)
COMFYUI = (
    "numpy>=1.25.0 transformers>=4.50.3 tokenizers>=0.13.3 safetensors>=0.4.2 aiohttp>=3.11.8 yarl>=1.18.0 pyyaml "
    "Pillow scipy filelock av>=16.0.0 SQLAlchemy>=2.0.0 pydantic~=2.0 pydantic-settings~=2.0 kornia>=0.7.1 spandrel"
)
HOSTS = {"AUTOMATIC1111": ("3.10", A1111), "Forge": ("3.10", FORGE), "reForge": ("3.10", REFORGE),
         "ComfyUI": ("3.12", COMFYUI)}  # fmt: skip
# What the hosts import from their own folders by its bare name; a wheel with such a name would stand in their way.
HOSTS_OWN = (
    "alembic_db api_server app backend comfy comfy_api comfy_api_nodes comfy_config comfy_execution comfy_extras "
    "comfyui_version cuda_malloc custom_nodes execution extensions extensions_built_in folder_paths k_diffusion "
    "latent_preview launch ldm_patched library lycoris main middleware models modules modules_forge networks "
    "node_helpers nodes protocol scripts server spaces tests utils webui"
)
NO_INDEX = ("Could not connect", "error sending request", "dns error", "No module named")
CORE_ALONE = """
import sys

ALLOWED = {"numpy", "scipy", "soundfile", "_soundfile", "_soundfile_data", "_cffi_backend", "cffi", "pycparser", "soxr",
           "typing_extensions", "numba", "llvmlite", "PIL", "spectrogram", "training", "sd_audio"}

class OnlyTheCore:
    def find_spec(self, name, path=None, target=None):
        root = name.split(".")[0]
        if root not in ALLOWED and root not in sys.stdlib_module_names and not root.startswith(("_", "cython")):
            raise ModuleNotFoundError(f"{name} is not part of the core", name=name)

sys.meta_path.insert(0, OnlyTheCore())
import numpy as np
import soundfile
import sd_audio

tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(5 * 24000) / 24000).astype(np.float32)
soundfile.write("tone.wav", tone, 24000)
assert sd_audio.main(["encode", "tone.wav", "--out", "pictures"]) == 0
assert sd_audio.main(["decode", "pictures", "--out", "sounds"]) == 0
again, rate = soundfile.read("sounds/tone.wav")
spectrum = np.abs(np.fft.rfft(again[:rate * 2]))
assert abs(np.argmax(spectrum) / 2 - 440) < 2
assert sd_audio.main(["train", "x", "--out", "y"]) == 5
"""
METRICS_ELSEWHERE = """
import evaluate, metrics, numpy, pathlib, soundfile
from metrics.__main__ import main

for name, seed in (("a", 1), ("b", 2)):
    pathlib.Path(name).mkdir()
    for number in range(3):
        sound = numpy.random.default_rng([seed, number]).normal(size=16000) * 0.1
        soundfile.write(f"{name}/{number}.wav", sound, 16000)
distance = evaluate.load(metrics.module("frechet_audio_distance"))
print(distance.compute(predictions="a", references="b"), metrics.__file__)
assert main(["a", "b", "--resamples", "0"]) == 0
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of what the project tracks, as `python -m build` builds it."""
    pytest.importorskip("build", reason="the package build is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    names = ("spectrogram", "dataset_builder", "training", "metrics", "bioacoustics", "model_card", "space")
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "app.py", "sd_audio.py"):
        shutil.copy(ROOT / name, folder / name)
    words = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist"), str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next((folder / "dist").glob("*.whl"))


def test_every_import_of_the_packages_is_declared():
    """What is only there because another library brings it is gone when that library stops."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, found = told["project"], told["tool"]["setuptools"]["packages"]["find"]["include"]
    lines = [*project["dependencies"], *(line for lines in project["optional-dependencies"].values() for line in lines)]
    declared = {canonicalize_name(Requirement(line).name) for line in lines}
    packages = {name.rstrip("*") for name in found}
    brought_by, missing = packages_distributions(), {}
    for path in (path for package in packages for path in sorted((ROOT / package).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for root in {name.split(".")[0] for name in names} - packages - set(sys.stdlib_module_names):
                if not {canonicalize_name(name) for name in brought_by.get(root, [root])} & declared:
                    missing.setdefault(root, path.relative_to(ROOT).as_posix())
    # Ray is asked for by name, with how to install it, where somebody builds on a cluster.
    assert set(missing) - {"ray"} == set(), missing


def test_the_wheel_is_small_and_holds_every_module_with_its_data(wheel):
    assert wheel.stat().st_size < LARGEST_WHEEL_BYTES
    held = set(zipfile.ZipFile(wheel).namelist())
    assert not [name for name in held if name.startswith(("tests/", "benchmarks/", "base_model/", "docs/"))]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    packages = ("spectrogram/", "dataset_builder/", "training/", "metrics/", "bioacoustics/", "model_card/", "space/")
    wanted = {name for name in tracked if name.startswith(packages) and (ROOT / name).is_file()}
    assert wanted - held == set()


def test_the_wheel_installs_no_name_that_a_host_has_for_itself(wheel):
    held = {name.split("/")[0].removesuffix(".py") for name in zipfile.ZipFile(wheel).namelist()}
    assert {"spectrogram", "sd_audio"} <= held
    assert held & set(HOSTS_OWN.split(" ")) == set()


def test_the_index_would_take_the_wheel(wheel):
    pytest.importorskip("twine", reason="the package twine is not installed")
    words = [sys.executable, "-m", "twine", "check", "--strict", str(wheel)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory):
    """A folder of packages in which the wheel lies."""
    folder = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def test_the_metrics_of_the_installed_wheel_work_in_any_folder(site, tmp_path):
    settings = os.environ | {"PYTHONPATH": str(site), "HF_MODULES_CACHE": str(tmp_path / "modules")}
    settings["SD_AUDIO_CACHE"] = str(tmp_path / "cache")
    done = subprocess.run([sys.executable, "-c", METRICS_ELSEWHERE], cwd=tmp_path, env=settings, capture_output=True,
                          text=True, timeout=240)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "frechet_distance[sd-audio-cnn-v1]" in done.stdout
    assert str(site) in done.stdout


def test_the_core_encodes_and_decodes_with_six_packages_alone(site, tmp_path):
    settings = os.environ | {"PYTHONPATH": str(site)}
    words = [sys.executable, "-c", CORE_ALONE]
    done = subprocess.run(words, cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "needs the package" in done.stderr
    assert 'pip install "sd-audio-spectrograms[train]"' in done.stderr


@pytest.mark.timeout(900)
def test_the_core_runs_on_the_python_and_the_pins_of_the_web_uis(wheel, tmp_path):
    uv = [sys.executable, "-m", "uv"]
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pinned = [pin for pin in A1111.split(" ") if pin.startswith(("numpy==", "Pillow=="))]
    made = subprocess.run([*uv, "venv", "--quiet", "--no-python-downloads", "--python", "3.10", str(tmp_path / "venv")],
                          capture_output=True, text=True, timeout=120)  # fmt: skip
    if made.returncode:
        pytest.skip("no Python 3.10 or no uv on this machine")
    words = [*uv, "pip", "install", "--quiet", "--python", str(python), str(wheel), *pinned]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    if any(sign in done.stderr for sign in NO_INDEX):
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr[-3000:]
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([python, "-c", CORE_ALONE], cwd=tmp_path, env=settings, capture_output=True, text=True,
                          timeout=600)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "sd-audio train needs Python 3.11 or newer" in done.stderr


def test_a_room_says_which_python_it_needs(monkeypatch, capsys):
    monkeypatch.setattr(sd_audio, "ROOMS_NEED_PYTHON", (99, 0))
    assert sd_audio.main(["dataset", "recordings"]) == 5
    assert capsys.readouterr().err == (
        "sd-audio dataset needs Python 99.0 or newer. Here run: encode, decode, inspect.\n"
    )


def test_a_package_of_another_version_is_named_and_not_a_traceback(monkeypatch, capsys, tmp_path):
    (tmp_path / "old_packaging").mkdir()
    (tmp_path / "old_packaging" / "__init__.py").write_text("")
    (tmp_path / "old_packaging" / "__main__.py").write_text("from packaging import not_there_yet\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sd_audio.ROOMS, "train", ("old_packaging", "train", ""))
    assert sd_audio.main(["train", "x"]) == 5
    err = capsys.readouterr().err
    assert err.startswith("sd-audio train needs another version of packaging (cannot import name 'not_there_yet'")
    assert 'pip install "sd-audio-spectrograms[train]"' in err


@pytest.mark.parametrize("host", HOSTS)
def test_the_core_resolves_together_with_what_a_host_pins(host, wheel, tmp_path):
    version, pins = HOSTS[host]
    (tmp_path / "all.in").write_text("\n".join([*pins.split(" "), f"sd-audio-spectrograms @ {wheel.as_uri()}"]))
    words = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate",
             "--python-version", version, str(tmp_path / "all.in")]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, timeout=240)
    if any(sign in done.stderr for sign in NO_INDEX):
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr[-3000:]
    found = dict(line.split("==") for line in done.stdout.lower().splitlines() if "==" in line)
    for pin in pins.lower().replace("_", "-").split(" "):
        name, exact, wanted = pin.partition("==")
        assert not exact or Version(found[name]) == Version(wanted)

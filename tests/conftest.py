"""Settings and fixtures for all tests: no network, one thread a library, real recordings where they are."""

import os
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", GRADIO_ANALYTICS_ENABLED="False", OMP_NUM_THREADS="1", HF_DATASETS_OFFLINE="1")

import pytest

from spectrogram.files import ffmpeg as ffmpeg_program
from spectrogram.problems import EnvironmentProblem

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings beside or inside the checkout; the test is skipped where there is none."""
    for folder in (ROOT / "shared" / "data", ROOT.parent / "shared" / "data"):
        if folder.is_dir():
            return folder
    pytest.skip("no recordings in ./shared/data or ../shared/data")


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The path of ffmpeg, as the project finds it; the test is skipped where there is none."""
    try:
        return ffmpeg_program.program()
    except EnvironmentProblem as problem:
        pytest.skip(f"no ffmpeg: {problem.remedy}")

"""The random model and a random adapter, made once for all tests of this folder."""

from pathlib import Path

import pytest

from tests.tiny_sd import build_tiny_lora, build_tiny_sd


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory) -> Path:
    return build_tiny_sd(tmp_path_factory.mktemp("models") / "tiny-sd")


@pytest.fixture(scope="session")
def tiny_lora(tiny_base) -> Path:
    return build_tiny_lora(tiny_base, tiny_base.parent / "rain")


@pytest.fixture(scope="session")
def session_pipeline(tiny_base):
    from spectrogram.models import load_pipeline

    pipeline = load_pipeline(tiny_base, device="cpu")
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture
def pipeline(session_pipeline):
    """The loaded random model, without adapters and with its own numbers when the test begins and ends."""
    parts = (session_pipeline.unet, session_pipeline.text_encoder)
    own = [{name: tensor.clone() for name, tensor in part.state_dict().items()} for part in parts]
    yield session_pipeline
    session_pipeline.unload_lora_weights()
    session_pipeline.params = None
    # A layer that was fused and taken out again is off by a rounding.
    for part, tensors in zip(parts, own, strict=True):
        part.load_state_dict(tensors)

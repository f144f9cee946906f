import json

import numpy as np
import pytest
from PIL import Image

from spectrogram.params import KEY, MODEL_FILE, PRESETS, SpectrogramParams
from spectrogram.problems import Problem

MINI = SpectrogramParams.preset("mini")


def test_the_mini_preset_never_changes_because_weights_depend_on_it():
    assert MINI.fingerprint == "d716095fb13d"
    assert SpectrogramParams.preset("mini64").fingerprint == "a8e128a54118"
    assert (MINI.width, MINI.height, MINI.clip_seconds) == (256, 128, 5.12)


def test_integers_and_floats_of_equal_value_have_one_fingerprint():
    assert MINI.replace(step_ms=20).fingerprint == MINI.replace(step_ms=20.0).fingerprint


def test_every_changed_field_changes_the_fingerprint():
    changed = [MINI.replace(window_ms=60.0), MINI.replace(scale="log", low_hz=20.0), MINI.replace(peak=1.0)]
    assert len({MINI.fingerprint, *(params.fingerprint for params in changed)}) == 4


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_json(name):
    params = SpectrogramParams.preset(name)
    assert SpectrogramParams.from_json(params.to_json()) == params


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"scale": "bark"}, "scale is 'bark' (expected one of mel, linear, log, slaney). Correct the parameters."),
        ({"high_hz": 20000.0}, "The band is 0.0-20000.0 Hz (expected 0 <= low_hz < high_hz <= 12000 Hz)"),
        ({"columns": 0}, "columns is 0 (expected a positive number)"),
        ({"mel_bands": "128"}, "mel_bands is '128' (expected a value of type int)"),
        ({"step_ms": float("nan")}, "step_ms is nan (expected a positive number)"),
        ({"scale": "log"}, "low_hz is 0 on a log scale (expected a low_hz above 0)"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(changes, text):
    with pytest.raises(Problem, match="Correct the parameters") as caught:
        MINI.replace(**changes)
    assert str(caught.value).startswith(text)


def test_unknown_and_missing_keys_are_named():
    with pytest.raises(Problem, match="unknown parameters colour"):
        SpectrogramParams.from_dict({**MINI.to_dict(), "colour": 1})
    with pytest.raises(Problem, match="parameters lack columns"):
        SpectrogramParams.from_dict({name: value for name, value in MINI.to_dict().items() if name != "columns"})


def test_parameters_come_back_from_an_adapter_and_a_model_folder(tmp_path):
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros(2)}, tmp_path / "adapter.safetensors", metadata={KEY: MINI.to_json()})
    (tmp_path / MODEL_FILE).write_text(json.dumps(MINI.to_dict()))
    assert SpectrogramParams.from_lora(tmp_path / "adapter.safetensors") == MINI
    assert SpectrogramParams.from_lora(tmp_path) == MINI
    assert SpectrogramParams.from_model(tmp_path) == MINI


def test_a_picture_or_adapter_without_parameters_says_so(tmp_path):
    (tmp_path / "broken.safetensors").write_bytes(b"\xff" * 32)
    with pytest.raises(Problem, match="carries no spectrogram_params"):
        SpectrogramParams.from_image(Image.new("RGB", (8, 8)))
    with pytest.raises(Problem, match=r"broken\.safetensors cannot be read"):
        SpectrogramParams.from_lora(tmp_path)
    with pytest.raises(Problem, match=r"spectrogram\.json does not exist"):
        SpectrogramParams.from_model(tmp_path)

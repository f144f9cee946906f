"""What the codec learned lies in files; without one of them it must not quietly sound worse."""

from pathlib import Path

import pytest

from spectrogram.codec import learned_inverse, restoration
from spectrogram.params import SpectrogramParams
from spectrogram.problems import EnvironmentProblem


@pytest.mark.parametrize("module", [learned_inverse, restoration])
def test_every_file_in_the_folder_is_known_as_shipped(module):
    assert sorted(path.stem for path in module.FOLDER.glob("*.npz")) == sorted(module.SHIPPED)


@pytest.mark.parametrize(
    ("module", "load", "preset"),
    [
        (learned_inverse, learned_inverse.load_weights, "mini64"),
        (restoration, restoration.load_restoration, "sd15-fine"),
        (restoration, restoration.load_restoration, "sd15"),
    ],
)
def test_a_shipped_file_that_is_missing_is_an_error_that_names_it(module, load, preset, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FOLDER", Path(tmp_path))
    with pytest.raises(EnvironmentProblem, match=r"\.npz is missing.*Install it again"):
        load.__wrapped__(SpectrogramParams.preset(preset))


def test_parameters_that_nothing_was_learned_for_need_no_file():
    assert learned_inverse.load_weights.__wrapped__(SpectrogramParams.preset("linear")) is None
    assert restoration.load_restoration.__wrapped__(SpectrogramParams.preset("linear")) is None

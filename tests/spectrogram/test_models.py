"""Where a model is, what it is sampled with, and what is said when it cannot be used."""

import shutil

import pytest

from spectrogram.models import GenerationDefaults, choose_device, load_pipeline, locate_base, read_beside
from spectrogram.problems import EnvironmentProblem, Problem, UsageProblem


def test_a_folder_a_hub_name_and_a_mistake_are_told_apart(tiny_base, tmp_path):
    assert locate_base(tiny_base) == str(tiny_base)
    assert locate_base("stable-diffusion-v1-5/stable-diffusion-v1-5") == "stable-diffusion-v1-5/stable-diffusion-v1-5"
    for wrong in (tmp_path, "./nowhere/here", "nowhere", "a/b/c", ""):
        with pytest.raises(UsageProblem, match="check --base"):
            locate_base(wrong)


def test_defaults_come_from_the_bases_file_or_are_stable_diffusions(tiny_base, tmp_path):
    assert GenerationDefaults.from_json(read_beside(tiny_base, "generation.json")) == GenerationDefaults(20, 3.0, 0.5)
    assert read_beside(tmp_path, "generation.json") is None
    assert GenerationDefaults() == GenerationDefaults(25, 7.5, 0.0)


@pytest.mark.parametrize("text", ["{", "[1]", '{"speed": 3}'])
def test_unusable_defaults_are_refused(text):
    with pytest.raises(Problem, match=r"generation\.json is unusable"):
        GenerationDefaults.from_json(text)


def test_a_hub_name_without_network_is_named():
    with pytest.raises(EnvironmentProblem, match="nobody/nothing cannot be loaded"):
        load_pipeline("nobody/nothing")


def test_a_base_that_lacks_a_part_is_named(tiny_base, tmp_path):
    broken = shutil.copytree(tiny_base, tmp_path / "broken")
    shutil.rmtree(broken / "unet")
    with pytest.raises(EnvironmentProblem, match="broken cannot be loaded"):
        load_pipeline(broken)


def test_pickled_weights_of_a_base_are_not_read(tiny_base, tmp_path):
    pickled = shutil.copytree(tiny_base, tmp_path / "pickled")
    (pickled / "unet" / "diffusion_pytorch_model.safetensors").rename(pickled / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(EnvironmentProblem, match="pickled cannot be loaded"):
        load_pipeline(pickled)


def test_the_processor_is_always_there():
    assert choose_device("cpu") == "cpu"
    assert choose_device() in ("cuda", "mps", "cpu")

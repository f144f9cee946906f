"""Where a model is, what it is sampled with, and what is said when it cannot be used."""

import shutil

import numpy as np
import pytest

from spectrogram.bases import GenerationDefaults, locate_base, read_beside
from spectrogram.models import choose_device, load_pipeline
from spectrogram.problems import EnvironmentProblem, Problem, UsageProblem
from spectrogram.sampling.memory import plan_memory


def test_a_folder_a_hub_name_and_a_mistake_are_told_apart(tiny_base, tmp_path):
    assert locate_base(tiny_base) == str(tiny_base)
    assert locate_base("stable-diffusion-v1-5/stable-diffusion-v1-5") == "stable-diffusion-v1-5/stable-diffusion-v1-5"
    for wrong in (tmp_path, "./nowhere/here", "nowhere", "a/b/c", ""):
        with pytest.raises(UsageProblem, match="Check --base"):
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


@pytest.mark.parametrize(
    ("vram_gb", "offload", "tiles"),
    [(None, "none", False), (24, "none", False), (6, "none", False), (4, "model", True), (2, "sequential", True)],
)
def test_the_less_memory_the_more_is_moved(vram_gb, offload, tiles):
    plan = plan_memory(vram_gb)
    assert (plan.offload, plan.tile_vae, plan.slice_vae) == (offload, tiles, vram_gb is not None)


@pytest.mark.parametrize("vram_gb", [0, 0.5, -4, float("nan")])
def test_a_card_without_memory_is_refused(vram_gb):
    with pytest.raises(UsageProblem, match="--vram is"):
        plan_memory(vram_gb)


def test_a_small_card_paints_the_same_picture_on_the_cpu_where_nothing_is_moved(tiny_base):
    pictures = []
    for vram_gb in (None, 2):
        pipeline = load_pipeline(tiny_base, device="cpu", vram_gb=vram_gb)
        pipeline.set_progress_bar_config(disable=True)
        images = pipeline("rain", seed=1, num_images_per_prompt=2, num_inference_steps=2).images
        pictures.append(np.stack([np.asarray(image, dtype=float) for image in images]))
    assert pipeline.vae.use_slicing
    assert pipeline.vae.use_tiling
    assert np.abs(pictures[0] - pictures[1]).max() <= 1

"""Aesthetics on a random model: prompts are steered, nothing stays, and foreign files are refused."""

import numpy as np
import pytest
import torch

from spectrogram.adapters.aesthetic import Aesthetic, steered
from spectrogram.ears.ear import Ear
from spectrogram.models import load_pipeline
from training.flags import settings_of
from training.record.run_file import read_events
from training.run import train

FEW = {"batch": 4, "samples": 1, "tracker": "none"}
EAR = {
    "name": "tiny-ear", "version": "1", "sha256": "0", "bands": 128, "columns": 256, "text_width": 32,
    "vision": {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
               "image_size": 128, "patch_size": 32, "num_channels": 2, "projection_dim": 16},
}  # fmt: skip


def sound(pipeline, prompt="an owl"):
    return pipeline(prompt, seed=1, num_inference_steps=2).audios


@pytest.fixture(scope="module")
def ear(tiny_base):
    torch.manual_seed(3)
    from spectrogram.ears.ear import _vision_tower, text_projection

    parts = {"vision.": _vision_tower(EAR["vision"]), "text_projection.": text_projection(EAR)}
    weights = {prefix + name: value for prefix, part in parts.items() for name, value in part.state_dict().items()}
    return Ear(EAR, weights, str(tiny_base))


def test_a_steered_prompt_fits_the_aesthetic_better_and_nothing_stays(ear, tiny_base, tmp_path):
    pipeline = load_pipeline(tiny_base)
    pictures = np.random.default_rng(0).integers(0, 256, (3, 128, 256), dtype=np.uint8)
    made = Aesthetic.read(Aesthetic.of(list(pictures), ear, "noise").save(tmp_path / "noise.safetensors"))
    plain = sound(pipeline)
    ids = pipeline.tokenizer("an owl", padding="max_length", max_length=77, return_tensors="pt").input_ids
    fits = []
    for steps in (0, 8):
        with steered(pipeline.text_encoder, ids, made, ear, steps, 1e-2) as encoder, torch.no_grad():
            fits.append(float(ear.text_features(encoder(ids).pooler_output) @ made.row))
    assert fits[1] > fits[0] + 0.05
    pipeline.load_aesthetic(made, 8, 1e-2, ear)
    assert not np.array_equal(sound(pipeline), plain)
    pipeline.unload_aesthetic()
    assert np.array_equal(sound(pipeline), plain)


def test_a_prompt_steered_through_its_picture_paints_what_the_ear_finds_nearer(ear, tiny_base, tmp_path):
    from dataclasses import replace

    from spectrogram.adapters.aesthetic_pictures import Painted

    pipeline = load_pipeline(tiny_base)
    pictures = np.random.default_rng(0).integers(0, 256, (3, 128, 256), dtype=np.uint8)
    made = Aesthetic.of(list(pictures), ear, "noise")
    others = torch.nn.functional.normalize(torch.randn(4, 16, generator=torch.Generator().manual_seed(0)), dim=-1)
    told = Aesthetic.read(replace(made, others=others).save(tmp_path / "told.safetensors"))
    assert torch.equal(told.others, others)
    plain = sound(pipeline)
    ids = pipeline.tokenizer("an owl", padding="max_length", max_length=77, return_tensors="pt").input_ids
    for aesthetic in (made, told):
        fits = []
        for steps in (0, 12):
            fit = Painted(pipeline, aesthetic, ear)
            with steered(pipeline.text_encoder, ids, aesthetic, ear, steps, 3e-3, fit) as encoder, torch.no_grad():
                fits.append(float(Painted(pipeline, aesthetic, ear, seed=5)(encoder, ids)))
        assert fits[1] > fits[0]
    pipeline.load_aesthetic(told, 2, 1e-2, ear, through="picture")
    assert not np.array_equal(sound(pipeline), plain)
    pipeline.unload_aesthetic()
    assert np.array_equal(sound(pipeline), plain)
    assert all(p.grad is None for p in pipeline.unet.parameters())
    with pytest.raises(ValueError, match=r"through 'air' \(expected one of"):
        pipeline.load_aesthetic(told, through="air", ear=ear)


def test_an_aesthetic_of_another_ear_and_a_pickle_are_refused(ear, tmp_path):
    from spectrogram.adapters.aesthetic import check_ear

    foreign = Aesthetic(torch.ones(16) / 4, {**ear.identity, "version": "2"})
    with pytest.raises(ValueError, match=r"belongs to the ear tiny-ear 2 \(expected one of tiny-ear 1"):
        check_ear(foreign, ear)
    torch.save(torch.ones(16), tmp_path / "old.pt")
    with pytest.raises(ValueError, match=r"old\.pt (is not a|does not exist)"):
        Aesthetic.read(tmp_path / "old.pt")


def test_the_method_aesthetic_writes_one_row_with_its_ear(owls, tiny_base, ear, tmp_path, monkeypatch):
    from spectrogram.ears import clip

    monkeypatch.setattr(clip, "open_ear", lambda base, device="cpu": ear)
    train(settings_of({**FEW, "base": str(tiny_base), "method": "aesthetic"}), owls, tmp_path / "owl")
    made = Aesthetic.read(tmp_path / "owl")
    assert made.row.norm().item() == pytest.approx(1, abs=1e-5)
    assert made.ear == ear.identity
    losses = [e["loss"] for e in read_events(tmp_path / "owl" / "events.jsonl") if e["event"] == "validation"]
    assert losses[1] < losses[0]

"""The ear: a tiny one trained on a few soundscapes, saved into a copy of a base model and used as others use it."""

import json
import shutil

import numpy as np
import pytest

from dataset_builder.soundscapes.composer import RATE_HZ, compose
from spectrogram.bases import EMBEDDED
from spectrogram.codec import SpectrogramCodec
from spectrogram.ears.ear import Ear, fold
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem
from training.base_model.corpus import row_of
from training.base_model.ear import command, ear

CLASSES = ("rain", "siren")
TINY = ear.EarSettings(width=32, layers=1, heads=2, size=16, steps=40, batch=16, rate=3e-3)


@pytest.fixture(scope="module")
def clips():
    """Pictures (16, bands, columns) and rows of rain and sirens."""
    codec = SpectrogramCodec(SpectrogramParams.preset("mini"))
    scapes = [compose(5, i, CLASSES, pair_share=0) for i in range(16)]
    pictures = np.stack([np.asarray(codec.encode(s.audio[None], RATE_HZ))[..., 0] for s in scapes])
    return pictures, [row_of(s) for s in scapes]


@pytest.fixture(scope="module")
def base(tmp_path_factory, clips):
    """A copy of the embedded model's small parts with a tiny ear."""
    from transformers import CLIPTextModel, CLIPTokenizer

    folder = tmp_path_factory.mktemp("ear") / "base"
    for part in ("text_encoder", "tokenizer"):
        shutil.copytree(EMBEDDED / part, folder / part)
    for name in ("model_index.json", "spectrogram.json"):
        shutil.copy(EMBEDDED / name, folder / name)
    encoder = CLIPTextModel.from_pretrained(folder, subfolder="text_encoder").eval()
    tokenizer = CLIPTokenizer.from_pretrained(folder, subfolder="tokenizer")
    command.save(folder / "ear", *ear.train(TINY, *clips, encoder, tokenizer))
    return folder


def test_a_caption_agrees_with_the_same_sounds_and_half_where_it_says_less():
    def row(labels, attributes, turn_s=0.0):
        return {"labels": labels, "attributes": attributes, "turn_s": turn_s}

    high = row(["siren"], [[("pitch", "high")]])
    plain, low = row(["siren"], [[]]), row(["siren"], [[("pitch", "low")]])
    there, back = row(["siren", "rain"], [[], []], 2.5), row(["rain", "siren"], [[], []], 2.5)
    table = ear.agreement([high, plain, low, there, back])
    assert np.array_equal(np.diag(table), np.ones(5))
    assert table[0, 1] == ear.LESS_SAID
    assert table[1, 0] == table[0, 2] == table[3, 4] == 0


def test_folding_keeps_every_pixel_and_puts_neighbouring_columns_in_depth():
    import torch

    pixels = torch.arange(8.0).reshape(1, 2, 4)
    folded = fold(pixels)
    assert folded.shape == (1, 2, 2, 2)
    assert folded[0, :, 0, 0].tolist() == [0.0, 1.0]
    assert sorted(folded.flatten().tolist()) == list(range(8))


def test_a_trained_ear_tells_rain_from_sirens(base, clips):
    heard = Ear.load(base)
    images, texts = heard.embed_images(clips[0]), heard.embed_texts(["rain falling", "a siren wailing"])
    right = np.array([CLASSES.index(row["labels"][0]) for row in clips[1]])
    assert ((images @ texts.T).argmax(dim=1).numpy() == right).mean() > 0.8
    assert images.norm(dim=1).numpy() == pytest.approx(np.ones(16), abs=1e-5)
    assert heard.identity["name"] == "sd-audio-ear-v1"


def test_audio_is_heard_as_its_picture_and_longer_audio_in_windows(base):
    heard, audio = Ear.load(base), compose(6, 0, ("siren",), 0).audio[None]
    picture = SpectrogramCodec(SpectrogramParams.from_model(base)).encode(audio, RATE_HZ)
    one = heard.embed_audio(audio, RATE_HZ)
    assert one.shape == (1, 16)
    assert np.allclose(one, heard.embed_images([picture]), atol=1e-5)
    twice = heard.embed_audio(np.concatenate([audio, audio], axis=1), RATE_HZ)
    assert float((one * twice).sum()) > 0.99


def test_gradients_reach_pixels_and_pooled_text(base):
    import torch

    heard = Ear.load(base)
    pixels, pooled = torch.zeros(1, 3, 128, 256, requires_grad=True), torch.randn(1, 128, requires_grad=True)
    (heard.image_features(pixels) * heard.text_features(pooled)).sum().backward()
    assert pixels.grad.abs().sum() > 0
    assert pooled.grad.abs().sum() > 0


def test_a_base_without_an_ear_and_a_changed_ear_are_refused(base, tmp_path):
    deaf = tmp_path / "deaf"
    shutil.copytree(base, deaf)
    shutil.rmtree(deaf / "ear")
    with pytest.raises(Problem, match="has no ear"):
        Ear.load(deaf)
    config = json.loads((base / "ear" / "config.json").read_text())
    changed = tmp_path / "changed"
    shutil.copytree(base, changed)
    (changed / "ear" / "config.json").write_text(json.dumps(config | {"sha256": "0" * 64}))
    with pytest.raises(Problem, match="another sha256"):
        Ear.load(changed)

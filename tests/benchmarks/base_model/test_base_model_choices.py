"""The side-by-side trainings take a step on the embedded base as it is, whatever its number of latent channels."""

import numpy as np
import pytest

from benchmarks.base_model import choices_unet as unets
from benchmarks.base_model import choices_vae as vaes
from training.base_model import unet, vae
from training.base_model.settings import ScratchSettings

LEAST_S = 1e-6  # enough for one step


@pytest.mark.parametrize("predicts", ["v_prediction", "epsilon", "flow_prediction"])
def test_every_prediction_learns_from_the_bases_latents(predicts):
    pipeline, drawn = unets.material(4)
    settings = ScratchSettings(unet_widths=(16, 16, 32))
    model = unet.build(settings, 16, 32, pipeline.vae.config.latent_channels)
    before = model.conv_in.weight.detach().clone()
    assert unets.learn(model, unets.scheduler_of(predicts)[0], pipeline, drawn, LEAST_S) == unets.BATCH
    assert not model.conv_in.weight.equal(before)


def test_every_picture_teaches_a_vae():
    settings = ScratchSettings(vae_widths=(8, 8, 8, 8))
    for variant in vaes.PICTURES.values():
        codec = vaes.SpectrogramCodec(vaes.MINI.replace(**variant.get("params", {})))
        pictures = np.stack([vaes.draw(codec, audio, vaes.RATE_HZ) for audio in vaes.sounds(2)])
        coder = vae.build(settings)
        before = coder.encoder.conv_in.weight.detach().clone()
        assert vaes.learn(coder, pictures, settings, LEAST_S) == vaes.BATCH
        assert not coder.encoder.conv_in.weight.equal(before)

"""diffusers' own pipelines, stock, on the embedded base."""

import numpy as np

from spectrogram.bases import EMBEDDED
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams

MINI = SpectrogramParams.preset("mini")


def test_every_stock_pipeline_opens_the_embedded_base(tiny_base):
    from diffusers import (
        AutoPipelineForImage2Image,
        AutoPipelineForInpainting,
        AutoPipelineForText2Image,
        StableDiffusionImg2ImgPipeline,
        StableDiffusionInpaintPipeline,
    )

    picture = SpectrogramCodec(MINI).encode(np.zeros((1, MINI.clip_samples), np.float32), MINI.sample_rate_hz)
    size, settings = {"width": MINI.width, "height": MINI.height}, {"num_inference_steps": 2}
    given = {
        AutoPipelineForText2Image: size,
        AutoPipelineForImage2Image: {"image": picture},
        StableDiffusionImg2ImgPipeline: {"image": picture},
        AutoPipelineForInpainting: {"image": picture, "mask_image": picture, **size},
        StableDiffusionInpaintPipeline: {"image": picture, "mask_image": picture, **size},
    }
    for kind, more in given.items():
        stock = kind.from_pretrained(EMBEDDED)
        # diffusers' inpainting paints with 4 channels of latents (or 9) alone, and the embedded base has 6.
        if "mask_image" in more:
            stock = kind.from_pretrained(tiny_base)
        stock.set_progress_bar_config(disable=True)
        assert stock("rain", **more, **settings).images[0].size == picture.size

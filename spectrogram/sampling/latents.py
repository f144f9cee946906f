"""Sound to latents and back, through the picture. A latent column is 8 picture columns wide."""

import numpy as np
import torch
from PIL import Image

from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams

# Latent columns that the VAE decodes at once, and that each piece looks beyond its own edge.
PIECE, MARGIN = 48, 8


@torch.no_grad()
def encode_sound(pipeline, audio: np.ndarray, sample_rate_hz: int, params: SpectrogramParams) -> torch.Tensor:
    """Latents (1, channels, height / 8, width / 8) of audio (channels, samples); silence fills what is missing."""
    picture = SpectrogramCodec(params).encode(audio, sample_rate_hz)
    pixels = pipeline.image_processor.preprocess(picture).to(pipeline._execution_device, pipeline.vae.dtype)
    return pipeline.vae.encode(pixels).latent_dist.mode() * pipeline.vae.config.scaling_factor


@torch.no_grad()
def decode_picture(pipeline, latents: torch.Tensor) -> Image.Image:
    """The picture of latents, decoded in pieces that overlap, so that memory does not grow with the length."""
    width, factor, pieces = latents.shape[-1], pipeline.vae_scale_factor, []
    for start in range(0, width, PIECE):
        end = min(start + PIECE, width)
        first, last = max(0, start - MARGIN), min(width, end + MARGIN)
        scaled = latents[..., first:last] / pipeline.vae.config.scaling_factor
        pixels = pipeline.vae.decode(scaled, return_dict=False)[0]
        pieces.append(pixels[..., (start - first) * factor : (end - first) * factor])
    return pipeline.image_processor.postprocess(torch.cat(pieces, dim=-1), output_type="pil")[0]

"""ComfyUI nodes: a spectrogram picture becomes sound, a sound becomes a spectrogram picture.

README.md says how they are installed (the project's core, Python 3.10 or newer); example_workflows/ shows them at work.
Pictures are ComfyUI's IMAGE (batch, height, width, channels) in [0, 1]; sounds its AUDIO, a dictionary of a waveform
(batch, channels, samples) and a sample rate.
"""

import numpy as np

CATEGORY = "audio/spectrogram"
RECOGNISE = "recognise"


def _formats() -> list[str]:
    from spectrogram.params import PRESETS

    return [RECOGNISE, *PRESETS]


def _params(picture, name: str):
    """The named parameters as wide as the picture; or what its size and lightness suggest."""
    from PIL import Image

    from spectrogram.codec.foreign import recognise
    from spectrogram.params import SpectrogramParams

    if name == RECOGNISE:
        return recognise(Image.fromarray((picture * 255).astype(np.uint8)))[0]
    return SpectrogramParams.preset(name).replace(columns=picture.shape[1])


class SpectrogramToSound:
    """Decode a batch of spectrogram pictures to sound."""

    CATEGORY, FUNCTION = CATEGORY, "decode"
    RETURN_TYPES, RETURN_NAMES = ("AUDIO",), ("audio",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "images": ("IMAGE",),
                "format": (_formats(), {"default": RECOGNISE}),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**32 - 1}),
            }
        }

    def decode(self, images, format, seed):
        import torch

        from spectrogram.codec import SpectrogramCodec

        pictures = images[..., :3].cpu().numpy().astype(np.float32)
        params = _params(pictures[0], format)
        audios = SpectrogramCodec(params).decode_batch(list(pictures), seed)
        return ({"waveform": torch.from_numpy(np.stack(audios)), "sample_rate": params.sample_rate_hz},)


class SoundToSpectrogram:
    """Encode sound as a spectrogram picture, for image to image and for ControlNet."""

    CATEGORY, FUNCTION = CATEGORY, "encode"
    RETURN_TYPES, RETURN_NAMES = ("IMAGE",), ("images",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"audio": ("AUDIO",), "format": (_formats()[1:], {"default": "sd15"})}}

    def encode(self, audio, format):
        import torch

        from spectrogram.codec import SpectrogramCodec
        from spectrogram.params import SpectrogramParams

        codec = SpectrogramCodec(SpectrogramParams.preset(format))
        sounds = audio["waveform"].cpu().numpy().astype(np.float32)
        pictures = [np.asarray(picture) for picture in codec.encode_batch(list(sounds), audio["sample_rate"])]
        return (torch.from_numpy(np.stack(pictures).astype(np.float32) / 255),)


NODE_CLASS_MAPPINGS = {"SpectrogramToSound": SpectrogramToSound, "SoundToSpectrogram": SoundToSpectrogram}
NODE_DISPLAY_NAME_MAPPINGS = {
    "SpectrogramToSound": "Spectrogram to sound",
    "SoundToSpectrogram": "Sound to spectrogram",
}

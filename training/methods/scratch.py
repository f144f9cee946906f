"""From nothing: the base's UNet with fresh weights, on the cached latents and words of the base.

What VAE and text encoder know stays; `python -m training scratch RECIPE` makes those too, from nothing at all.
"""

from training.methods.full import Full


def captions(settings, captions):
    """The dataset's own wordings."""
    return captions


def build(settings, base):
    return Scratch(settings, base)


class Scratch(Full):
    """All weights of a UNet of the base's shape, drawn anew from the run's seed."""

    def prepare(self):
        self.unet = type(self.unet).from_config(self.unet.config)
        super().prepare()


TAUGHT = Scratch

"""The ear of Stable Diffusion 1.x proper: the CLIP whose text half it reads with also sees pictures.

Same interface as `ear.Ear`. CLIP never saw spectrograms on purpose: what it finds alike is their look.
"""

import hashlib

import torch
from PIL import Image
from transformers import CLIPImageProcessor, CLIPModel

from spectrogram.bases import locate_base, read_beside
from spectrogram.ears.ear import CONFIG, FOLDER, Ear
from spectrogram.problems import EnvironmentProblem

CLIP_OF_SD15 = "openai/clip-vit-large-patch14"


class ClipEar:
    """Image tower and projections of a CLIP; ``load`` reads it from a folder or the Hub, safetensors only."""

    def __init__(self, clip, processor, name):
        self.clip, self.processor = clip.eval().requires_grad_(False), processor
        self.identity = {"name": name, "version": "clip", "sha256": _digest(clip)}

    @classmethod
    def load(cls, name=CLIP_OF_SD15, device="cpu"):
        """The ear in a folder or of a name on the Hub. Raises EnvironmentProblem where it cannot be had."""
        try:
            clip = CLIPModel.from_pretrained(name, use_safetensors=True).to(device)
            return cls(clip, CLIPImageProcessor.from_pretrained(name), str(name))
        except OSError as error:
            raise EnvironmentProblem(
                f"this base has no ear of its own, and CLIP ({name}) is not here",
                "its files on this machine, or the network",
                f"fetch it once: hf download {name}",
            ) from error

    def text_features(self, pooled):
        """Unit rows (n, d) of the text encoder's pooled output (n, width); gradients flow through it."""
        return torch.nn.functional.normalize(self.clip.text_projection(pooled), dim=-1)

    def embed_images(self, images):
        """Unit rows (n, d) of PIL pictures or uint8 (n, bands, columns[, 3])."""
        pictures = [i if hasattr(i, "convert") else Image.fromarray(i) for i in images]
        pixels = self.processor([p.convert("RGB") for p in pictures], return_tensors="pt").pixel_values
        with torch.inference_mode():
            pooled = self.clip.vision_model(pixel_values=pixels.to(self.clip.device)).pooler_output
            return torch.nn.functional.normalize(self.clip.visual_projection(pooled), dim=-1).cpu()


def open_ear(base, device="cpu"):
    """The ear that fits a base: its own, else the CLIP of Stable Diffusion 1.5."""
    own = read_beside(locate_base(base), f"{FOLDER}/{CONFIG}") is not None
    return Ear.load(base, device) if own else ClipEar.load(device=device)


def _digest(clip):
    digest = hashlib.sha256()
    for tensor in (clip.visual_projection.weight, clip.text_projection.weight):
        digest.update(tensor.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]

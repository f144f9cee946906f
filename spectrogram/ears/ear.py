"""The ear: spectrogram pictures and prompts as unit rows in one space, so that their products say how well they fit.

A base model may carry one in its folder ``ear/``: a small CLIP image tower, aligned by contrast with the base's own
text encoder. Cosines compare within one ear only. An ear reads the pictures of its base's codec parameters.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModelWithProjection

from spectrogram.bases import locate_base, table_beside
from spectrogram.codec import SpectrogramCodec
from spectrogram.files.hub import fetched
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem, UsageProblem

FOLDER = "ear"
WEIGHTS, CONFIG = "model.safetensors", "config.json"


class Ear:
    """Image tower, text projection and the base's text encoder; ``Ear.load`` makes one. Rows are float32 (n, d)."""

    def __init__(self, config, weights, base):
        """``config``: the dictionary of config.json; ``weights``: {name: tensor}; ``base``: where text is encoded."""
        self.config, self.base = config, base
        self.vision = _vision_tower(config["vision"])
        self.text_projection = text_projection(config)
        self.vision.load_state_dict(_below(weights, "vision."))
        self.text_projection.load_state_dict(_below(weights, "text_projection."))
        for part in (self.vision, self.text_projection):
            part.eval().requires_grad_(False)
        self.device, self._text = "cpu", None
        self.identity = {"name": config["name"], "version": config["version"], "sha256": config["sha256"]}

    @classmethod
    def load(cls, base=None, device="cpu"):
        """The ear of a base model (folder, Hub name, None: the embedded one); a Problem when it has none."""
        location = locate_base(base)
        config = table_beside(location, f"{FOLDER}/{CONFIG}")
        if config is None:
            raise Problem(
                f"{location} has no ear",
                f"a base model with {FOLDER}/{CONFIG}",
                "use the embedded base, or train one with python -m training ear",
            )
        path = _weights_path(location)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != config.get("sha256"):
            told = f"{path} has another sha256 than its config"
            raise Problem(told, str(config.get("sha256")), "fetch the file again")
        weights = {name: value.float() for name, value in load_file(path).items()}
        return cls(config, weights, location).to(device)

    def to(self, device):
        """The same ear on another device."""
        self.device = device
        for part in (self.vision, self.text_projection, *([self._text[1]] if self._text else [])):
            part.to(device)
        return self

    def image_features(self, pixels):
        """Unit rows (n, d) of a float tensor (n, planes, bands, columns) in [-1, 1]; gradients flow through it.

        Planes are averaged. Columns: those of the base's clips.
        """
        folded = fold(pixels.mean(dim=1))
        return torch.nn.functional.normalize(self.vision(pixel_values=folded).image_embeds, dim=-1)

    def text_features(self, pooled):
        """Unit rows (n, d) of the text encoder's pooled output (n, width); gradients flow through it."""
        return torch.nn.functional.normalize(self.text_projection(pooled), dim=-1)

    def embed_images(self, images):
        """Rows (n, d) of PIL pictures or uint8 (n, bands, columns) as the base's codec paints them.

        Narrower pictures are filled up with silence, wider ones are heard in windows whose rows are averaged.
        """
        rows = []
        with torch.inference_mode():
            for image in images:
                windows = self._windows(_levels(image))
                pixels = torch.from_numpy(windows).to(self.device).float()[:, None] / 127.5 - 1
                rows.append(torch.nn.functional.normalize(self.image_features(pixels).mean(dim=0), dim=0))
        return torch.stack(rows).cpu()

    def embed_audio(self, audio, rate):
        """Row (1, d) of audio (channels, samples) at ``rate`` Hz, encoded by the base's codec in whole windows."""
        codec = SpectrogramCodec(SpectrogramParams.from_model(self.base))
        audio = np.atleast_2d(np.asarray(audio, dtype=np.float32))
        step = round(codec.params.clip_seconds * rate)
        starts = range(0, max(audio.shape[1] - step // 4, 1), step)
        pictures = [_levels(codec.encode(audio[:, start : start + step], rate)) for start in starts]
        return self.embed_images([np.concatenate(pictures, axis=1)])

    def embed_texts(self, texts):
        """Rows (n, d) of prompts."""
        if isinstance(texts, str):
            raise UsageProblem("one string was given", "a list of strings", "write embed_texts([text])")
        tokenizer, encoder = self._text_parts()
        with torch.inference_mode():
            ids = tokenizer(
                list(texts), padding="max_length", truncation=True, max_length=tokenizer.model_max_length,
                return_tensors="pt",
            ).input_ids  # fmt: skip
            return self.text_features(encoder(ids.to(self.device)).pooler_output).cpu()

    def _text_parts(self):
        """Tokenizer and text encoder of the base, loaded when the first prompt is read."""
        if self._text is None:
            tokenizer = CLIPTokenizer.from_pretrained(self.base, subfolder="tokenizer")
            encoder = CLIPTextModel.from_pretrained(self.base, subfolder="text_encoder").eval().requires_grad_(False)
            self._text = (tokenizer, encoder.to(self.device))
        return self._text

    def _windows(self, levels):
        """uint8 (windows, bands, columns) of one picture (bands, any columns)."""
        bands, columns = self.config["bands"], self.config["columns"]
        if levels.shape[0] != bands:
            raise UsageProblem(
                f"a picture has {levels.shape[0]} bands",
                f"{bands} bands",
                "encode the sound with the base's parameters",
            )
        count = max(1, round(levels.shape[1] / columns))
        fitted = np.zeros((bands, count * columns), dtype=np.uint8)
        fitted[:, : levels.shape[1]] = levels[:, : count * columns]
        return np.ascontiguousarray(fitted.reshape(bands, count, columns).transpose(1, 0, 2))


def fold(pixels):
    """(n, bands, columns) as square channels (n, columns / bands, bands, bands): neighbouring columns lie in depth.

    CLIP's image towers want squares; nothing is scaled and nothing is lost.
    """
    n, bands, columns = pixels.shape
    return pixels.reshape(n, bands, bands, columns // bands).permute(0, 3, 1, 2)


def text_projection(config):
    """The learned way from the base's pooled text (n, width) into the ear's space, before normalisation."""
    width, size = config["text_width"], config["vision"]["projection_dim"]
    return nn.Sequential(nn.Linear(width, 2 * size), nn.GELU(), nn.Linear(2 * size, size))


def _vision_tower(config):
    return CLIPVisionModelWithProjection(CLIPVisionConfig(**config))


def _below(weights, prefix):
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def _weights_path(location):
    if Path(location).is_dir():
        return Path(location) / FOLDER / WEIGHTS
    return fetched(location, f"{FOLDER}/{WEIGHTS}")


def _levels(image):
    """uint8 (bands, columns) of a PIL picture or an array."""
    array = np.asarray(image.convert("RGB") if hasattr(image, "convert") else image)
    if array.dtype != np.uint8:
        raise UsageProblem(f"a picture is {array.dtype}", "bytes, 0 to 255", "scale it to 0..255 first")
    return array if array.ndim == 2 else np.rint(array[..., :3].mean(axis=-1)).astype(np.uint8)

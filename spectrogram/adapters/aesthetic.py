"""Aesthetic gradients (Gallego 2022): a prompt is read as if its text fitted some spectrograms that one likes.

The mean of the ear's rows of N pictures is the aesthetic. When a prompt is encoded, the text encoder is moved a few
steps towards it, the prompt is read, and the encoder's weights are put back: nothing stays for the next prompt.
Steps through the words ask how well the prompt's row fits; steps through the picture (`painted_aesthetic`) ask how well
what the UNet paints from the prompt fits, which is slower and reaches sounds that no known word lies near.
"""

from contextlib import contextmanager
from dataclasses import dataclass, field

import torch

from spectrogram import json_text
from spectrogram.adapters.kinds import AESTHETIC, AdapterProblem
from spectrogram.adapters.safetensors_file import read_header, read_tensors, write
from spectrogram.problems import UsageProblem

KEY, OTHERS = "aesthetic", "others"
FORMAT = "sd-audio-spectrograms.aesthetic"
THROUGH = ("words", "picture")
STEPS = {"words": 10, "picture": 60}
PICTURE_RATE = 1e-3


@dataclass(frozen=True)
class Aesthetic:
    """A unit row (d,) of an ear's space, with the ear's identity; it means nothing to another ear.

    ``others`` (n, d), which may be None, are rows of sounds that are not meant: they tell it from its neighbours.
    """

    row: torch.Tensor
    ear: dict
    name: str = "aesthetic"
    facts: dict = field(default_factory=dict)
    others: torch.Tensor | None = None

    @classmethod
    def of(cls, images, ear, name="aesthetic", **facts):
        """The aesthetic of pictures (PIL, or uint8 (n, bands, columns)) as an ear hears them."""
        if not len(images):
            raise UsageProblem("there are no pictures", "one spectrogram or more", "name some")
        row = torch.nn.functional.normalize(ear.embed_images(images).mean(dim=0), dim=0)
        return cls(row, dict(ear.identity), name, {"pictures": len(images), **facts})

    def save(self, path):
        """Write a safetensors file whose header says which ear it belongs to."""
        header = {
            "format": FORMAT,
            "ear": json_text.dumps(self.ear),
            "name": self.name,
            "facts": json_text.dumps(self.facts),
        }
        tensors = {KEY: self.row} if self.others is None else {KEY: self.row, OTHERS: self.others}
        return write(path, {name: rows.float() for name, rows in tensors.items()}, header)

    @classmethod
    def read(cls, path):
        """The aesthetic in a file of ours; other formats (old .pt files are pickles) are refused unread."""
        path = AESTHETIC.find(path)
        metadata = read_header(path).get("__metadata__", {})
        if metadata.get("format") != FORMAT:
            raise AdapterProblem(f"{path.name} is another kind of file", FORMAT, "make one with --method aesthetic")
        tensors = read_tensors(path)
        row, others = tensors.get(KEY), tensors.get(OTHERS)
        if row is None or row.ndim != 1:
            what = "no row" if row is None else str(tuple(row.shape))
            raise AdapterProblem(f"{path.name} holds {what}", "one finite row", "make it again")
        try:
            ear, facts = (dict(json_text.parsed(metadata[name])) for name in ("ear", "facts"))
            return cls(row, ear, str(metadata["name"]), facts, others)
        except (ValueError, TypeError, KeyError) as error:
            raise AdapterProblem(f"the header of {path.name} is damaged ({error})", FORMAT, "fetch it again") from error


def check_ear(aesthetic, ear):
    """Refuse an aesthetic that another ear made."""
    told = {**dict(ear.identity), "sha256": "not stated"} if aesthetic.ear.get("sha256") == "not stated" else None
    if aesthetic.ear not in (dict(ear.identity), told):
        made, own = (f"{i.get('name')} {i.get('version')}" for i in (aesthetic.ear, ear.identity))
        what = f"the aesthetic {aesthetic.name} belongs to the ear {made}"
        raise UsageProblem(what, f"one of {own}", "make it anew with this base")


def words_fit(aesthetic, ear):
    """A function (encoder, token ids (1, tokens)) -> cos(row of the words, aesthetic)."""

    def fit(encoder, ids):
        row = ear.text_features(encoder(ids).pooler_output.float())
        return (row @ aesthetic.row.to(ids.device)).mean()

    return fit


@contextmanager
def steered(text_encoder, ids, aesthetic, ear, steps, rate, fit=None, on_step=None):
    """Within the context the encoder reads token ids (1, tokens) nearer to the aesthetic; afterwards it is as before.

    ``steps`` of Adam up the ``fit`` (`words_fit`, `painted_aesthetic.Painted`); only the encoder's own weights move,
    and only here. ``on_step(done, steps)`` is told of each; what it raises ends the work.
    """
    check_ear(aesthetic, ear)
    fit = fit or words_fit(aesthetic, ear)
    kept = {name: value.detach().clone() for name, value in text_encoder.state_dict().items()}
    wanted = {name: p.requires_grad for name, p in text_encoder.named_parameters()}
    try:
        text_encoder.requires_grad_(True)
        parameters = list(text_encoder.parameters())
        optimizer = torch.optim.Adam(parameters, lr=rate)
        with torch.enable_grad():
            for step in range(steps):
                gradients = torch.autograd.grad(-fit(text_encoder, ids), parameters, allow_unused=True)
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.grad = gradient
                optimizer.step()
                if on_step is not None:
                    on_step(step + 1, steps)
        text_encoder.requires_grad_(False)
        yield text_encoder
    finally:
        text_encoder.load_state_dict(kept)
        for name, p in text_encoder.named_parameters():
            p.requires_grad_(wanted[name])
            p.grad = None

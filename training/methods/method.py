"""What every method of teaching has: a student, its trainable parameters, a state, and a file that others can load."""

from abc import ABC, abstractmethod

import torch

from training.methods import student


class Method(ABC):
    """One way of teaching a model; sub-classes say what is trained and how it is saved.

    ``student`` is the module that predicts, ``parameters`` the list that the optimizer sees. ``reads_words`` is True
    where words are encoded anew in every step, because the method changes how they are read.
    """

    reads_words = False

    def __init__(self, settings, base):
        self.settings, self.unet, self.tokenizer = settings, base.unet, base.tokenizer
        self.schedule = base.scheduler.config
        self.text_encoder = base.text_encoder if self.reads_words else None
        self.prepare()
        self.student = student.build(self.unet, self.text_encoder)
        self.parameters = [p for p in self.student.parameters() if p.requires_grad]

    @abstractmethod
    def prepare(self):
        """Freeze what stays, add what is taught; trainable parameters are in float32 afterwards."""

    def text_rows(self, cache):
        """What the student is given for each wording of the cache: its embeddings, or its token ids."""
        if not self.reads_words:
            return cache.text
        return token_ids(self.tokenizer, [self.spell(text) for text in cache.texts])

    def spell(self, text):
        """A wording as the tokenizer must see it."""
        return text

    def after_step(self):  # noqa: B027 - most methods have nothing to do here
        """What follows each optimizer step, for example an average of the weights."""

    def state(self):
        """Tensors by part that a checkpoint needs to go on exactly."""
        return {"weights": named_trainable(self.student)}

    def restore(self, tensors_of):
        """Take over the state that ``tensors_of(part)`` gives."""
        assign(self.student, tensors_of("weights"))

    def parts(self):
        """The pipeline components that differ from the base now, for listening in between."""
        return {"unet": self.unet}

    @abstractmethod
    def save(self, folder, params, extra):
        """Write the result into ``folder``; returns the file or folder that others load."""

    @staticmethod
    @abstractmethod
    def load_into(pipeline, saved):
        """A pipeline that makes sounds with the saved result."""


def token_ids(tokenizer, texts):
    """Token ids (texts, model_max_length) as Stable Diffusion's pipelines make them."""
    return tokenizer(
        texts, padding="max_length", truncation=True, max_length=tokenizer.model_max_length, return_tensors="pt"
    ).input_ids


def named_trainable(module):
    """The trainable parameters by name, on the CPU; never NaN when they are saved, the checkpoint sees to that."""
    return {name: p.detach().cpu().clone() for name, p in module.named_parameters() if p.requires_grad}


def assign(module, tensors):
    """Copy tensors into the parameters of the same names."""
    named = dict(module.named_parameters())
    with torch.no_grad():
        for name, tensor in tensors.items():
            named[name].copy_(tensor)

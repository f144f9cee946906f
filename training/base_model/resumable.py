"""A training run that saves and restores itself as a whole."""

import torch

from spectrogram.files import atomic


class Resumable:
    """Saves into ``self.path``: what ``NUMBERS`` names as it is, what ``PARTS`` names by its state dict."""

    NUMBERS, PARTS = ("step",), ()

    def save(self):
        state = {name: getattr(self, name) for name in self.NUMBERS}
        with atomic.replacing(self.path) as unfinished:
            torch.save(state | {name: getattr(self, name).state_dict() for name in self.PARTS}, unfinished)

    def restore(self):
        """Continue from the last save, if there is one."""
        if self.path.exists():
            state = torch.load(self.path, weights_only=True)
            for name in self.NUMBERS:
                setattr(self, name, state[name])
            for name in self.PARTS:
                getattr(self, name).load_state_dict(state[name])

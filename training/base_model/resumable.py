"""A training run that saves and restores itself as a whole."""

import os


class Resumable:
    """Saves into ``self.path``: what ``NUMBERS`` names as it is, what ``PARTS`` names by its state dict."""

    NUMBERS, PARTS = ("step",), ()

    def save(self):
        import torch

        partial = self.path.with_suffix(".partial")
        state = {name: getattr(self, name) for name in self.NUMBERS}
        torch.save(state | {name: getattr(self, name).state_dict() for name in self.PARTS}, partial)
        os.replace(partial, self.path)

    def restore(self):
        """Continue from the last save, if there is one."""
        import torch

        if self.path.exists():
            state = torch.load(self.path, weights_only=True)
            for name in self.NUMBERS:
                setattr(self, name, state[name])
            for name in self.PARTS:
                getattr(self, name).load_state_dict(state[name])

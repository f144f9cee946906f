"""Which clips a forward pass sees and with which random numbers: pure functions of the seed and the pass's number.

Nothing random is carried from pass to pass, so a resumed run draws what an unbroken one would have drawn, and two
processes (or two accumulated passes) see what one process sees in two passes.
"""

import numpy as np
import torch


class Draws:
    """Batches of clip numbers; each clip is seen once a round, and a share of the batch replays what the base knew."""

    def __init__(self, own, replay, batch, replay_share, seed):
        self.own, self.replay, self.seed = np.asarray(own), np.asarray(replay), seed
        self.share = replay_share if len(self.replay) else 0
        kept = round(self.share * batch)
        # Where a batch is too small to be shared, whole passes are: one clip at a time still replays its share.
        self.alternate = self.share > 0 and not 0 < kept < batch
        self.kept = min(batch, len(self.replay)) if self.alternate else min(kept, len(self.replay))
        self.taken = min(batch if self.alternate else batch - self.kept, len(self.own))

    @property
    def size(self):
        """Clips in one forward pass."""
        return self.taken if self.alternate else self.taken + self.kept

    def batch(self, number):
        """Clip numbers of forward pass ``number``, the taught clips first."""
        if self.alternate:
            before, after = int(number * self.share), int((number + 1) * self.share)
            if after > before:
                return torch.from_numpy(self._pick(self.replay, self.kept, before, 1).astype(np.int64))
            return torch.from_numpy(self._pick(self.own, self.taken, number - before, 0).astype(np.int64))
        chosen = [self._pick(self.own, self.taken, number, 0), self._pick(self.replay, self.kept, number, 1)]
        return torch.from_numpy(np.concatenate(chosen).astype(np.int64))

    def _pick(self, clips, size, number, stream):
        if not size:
            return clips[:0]
        turn, place = divmod(number, len(clips) // size)
        order = np.random.default_rng([self.seed, stream, turn]).permutation(clips)
        return order[place * size : (place + 1) * size]

    def generator(self, number):
        """A CPU generator for the noise, timesteps and wordings of forward pass ``number``."""
        return torch.Generator().manual_seed((self.seed * 1_000_003 + number) & (2**63 - 1))

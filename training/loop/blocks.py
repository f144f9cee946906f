"""How far a forward pass is: a large model on a CPU takes minutes for one, and its blocks can be counted."""


class CountedBlocks:
    """Calls ``tell(done, blocks)`` after each block of a UNet's forward pass; ``close`` ends it."""

    def __init__(self, unet, tell):
        blocks = [*unet.down_blocks, *([unet.mid_block] if unet.mid_block is not None else []), *unet.up_blocks]
        self.tell, self.blocks, self.done = tell, len(blocks), 0
        self.handles = [block.register_forward_hook(self._passed) for block in blocks]

    def _passed(self, block, given, result):
        # Recomputed blocks count on, so that the backward pass under checkpointing is seen too.
        self.done = self.done % self.blocks + 1
        self.tell(self.done, self.blocks)

    def close(self):
        for handle in self.handles:
            handle.remove()

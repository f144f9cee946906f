"""diffusers' pipeline, imported without pauses to collect garbage, and passed over by every later collection.

Its 4,000 modules make objects that stay. Collections on the way would look at all of them, 4 to 10 % of the import, and
so would each later one, which a training makes after every part of a model that leaves memory.
"""

import gc

_collects = gc.isenabled()
gc.disable()
try:
    from diffusers import StableDiffusionPipeline
finally:
    if _collects:
        gc.enable()
gc.freeze()

__all__ = ["StableDiffusionPipeline"]

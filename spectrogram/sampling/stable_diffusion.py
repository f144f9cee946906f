"""diffusers' pipeline, imported without pauses to collect garbage.

Its 4,000 modules make objects that stay, and every collection on the way looks at all of them: 4 to 10 % of the import.
"""

import gc

_collects = gc.isenabled()
gc.disable()
try:
    from diffusers import StableDiffusionPipeline
finally:
    if _collects:
        gc.enable()

__all__ = ["StableDiffusionPipeline"]

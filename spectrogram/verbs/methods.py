"""The verbs as methods of the pipeline; each is a file of its own, where it is explained."""

from spectrogram.verbs.extend import extend
from spectrogram.verbs.inpaint import inpaint
from spectrogram.verbs.loop import loop
from spectrogram.verbs.mix import mix
from spectrogram.verbs.morph import morph, morph_clips
from spectrogram.verbs.stereo import stereo
from spectrogram.verbs.timeline import timeline
from spectrogram.verbs.transform import transform
from spectrogram.verbs.upscale import upscale
from spectrogram.verbs.variations import variations


class Verbs:
    """Part of the pipeline. All verbs take diffusers' keywords num_inference_steps, guidance_scale, guidance_rescale,
    negative_prompt, generator and callback_on_step_end, and `seed`; `upscale` alone paints nothing and takes none."""

    transform = transform
    inpaint = inpaint
    extend = extend
    loop = loop
    morph = morph
    morph_clips = morph_clips
    timeline = timeline
    mix = mix
    variations = variations
    stereo = stereo
    upscale = upscale

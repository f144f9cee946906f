"""Generation that follows another picture or sound through a ControlNet: diffusers' own pipeline on the same parts."""

from pathlib import Path

from diffusers import StableDiffusionControlNetPipeline
from PIL import Image

from spectrogram.codec import SpectrogramCodec
from spectrogram.problems import UsageProblem
from spectrogram.sampling.recipes import lora_factor
from spectrogram.sampling.sources import read_source


def paint_controlled(pipeline, prompt, negative_prompt, chosen: dict, count: int, controlnet, control, others: dict):
    """diffusers' result for prompts that a ControlNet guides; the prompt language holds, guidance_rescale is not known.

    control: a picture of the clip's size, or a sound (output, path or array at the model's rate), which is encoded.
    """
    if control is None:
        raise UsageProblem("the ControlNet has nothing to follow", "control_image=, a picture or a sound", "pass it")
    parts = {name: part for name, part in pipeline.components.items() if part is not None}
    unused = {"safety_checker": None, "feature_extractor": None}
    stock = StableDiffusionControlNetPipeline(
        **{**unused, **parts}, controlnet=controlnet, requires_safety_checker=False
    )
    stock.set_progress_bar_config(**getattr(pipeline, "_progress_bar_config", {}))
    guided = chosen["guidance_scale"] > 1
    reading = {"lora_scale": lora_factor(others), "clip_skip": others.pop("clip_skip", None)}
    embeds, negative = pipeline.encode_prompt(
        prompt, pipeline._execution_device, count, guided, negative_prompt, **reading
    )
    picture = control_picture(pipeline, control, chosen["width"])
    known = {name: value for name, value in chosen.items() if name != "guidance_rescale"}
    return stock(prompt_embeds=embeds, negative_prompt_embeds=negative, image=picture, **known, **others)


def control_picture(pipeline, control, columns: int) -> Image.Image:
    """The picture that a ControlNet sees, as wide as the clip."""
    params = pipeline.params.replace(columns=columns)
    if isinstance(control, Image.Image):
        if control.size != (params.width, params.height):
            what = f"the control picture is {control.width} x {control.height}"
            raise UsageProblem(what, f"{params.width} x {params.height}", "resize it, or pass the sound")
        return control.convert("RGB")
    if isinstance(control, str | Path) and Path(control).suffix.lower() in (".png", ".jpg", ".webp"):
        return control_picture(pipeline, Image.open(control), columns)
    return SpectrogramCodec(params).encode(*read_source(control, None, pipeline))

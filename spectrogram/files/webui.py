"""The text that AUTOMATIC1111's web UI keeps in its pictures: read from it, written for it.

a prompt <lora:rain:0.8>
Negative prompt: noise
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x512, Model: v1-5

"""

import re

from spectrogram import json_text

SETTING = re.compile(r'\s*([\w ()-]+):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')
LORA = re.compile(r"<lora:([^:<>]+)(?::(-?\d*\.?\d+))?[^<>]*>")


def parse_parameters(text: str) -> dict:
    """Fields of a Recipe from the web UI's text; what it does not say is left out."""
    *lines, last = text.strip().splitlines()
    if not last.startswith("Steps: "):
        lines, last = [*lines, last], ""
    body = "\n".join(lines)
    prompt, _, negative_prompt = body.partition("Negative prompt:")
    settings = dict(SETTING.findall(last))
    fields = {"negative_prompt": negative_prompt.strip(), "software": "AUTOMATIC1111 web UI", **_adapter(prompt)}
    fields |= {"steps": _number(settings, "Steps", int), "seed": _number(settings, "Seed", int)}
    fields |= {"guidance": _number(settings, "CFG scale", float), "model": settings.get("Model")}
    size = re.fullmatch(r"(\d+)x(\d+)", settings.get("Size", ""))
    if size:
        fields |= {"width": int(size[1]), "height": int(size[2])}
    if "Sampler" in settings:
        fields["scheduler"] = settings["Sampler"]
    return {name: value for name, value in fields.items() if value is not None}


def format_parameters(recipe) -> str:
    """A Recipe in the web UI's text, so that its "PNG Info" and galleries read our pictures."""
    prompt = recipe.prompt
    if recipe.adapter:
        prompt += f" <lora:{recipe.adapter}:{1.0 if recipe.adapter_scale is None else recipe.adapter_scale:g}>"
    settings = {"Steps": recipe.steps, "Sampler": recipe.scheduler, "CFG scale": recipe.guidance, "Seed": recipe.seed}
    if recipe.width and recipe.height:
        settings["Size"] = f"{recipe.width}x{recipe.height}"
    settings |= {"Model": recipe.model, "Version": recipe.software}
    listed = ", ".join(f"{name}: {_quoted(value)}" for name, value in settings.items() if value is not None)
    negative = [f"Negative prompt: {recipe.negative_prompt}"] if recipe.negative_prompt else []
    return "\n".join([prompt, *negative, listed])


def _adapter(prompt: str) -> dict:
    """The prompt without its <lora:name:scale> tags, and the first adapter that they name."""
    tags = LORA.findall(prompt)
    fields: dict = {"prompt": re.sub(r"[ \t]{2,}", " ", LORA.sub("", prompt)).strip()}
    if tags:
        fields |= {"adapter": tags[0][0], "adapter_scale": float(tags[0][1] or 1.0)}
    return fields


def _number(settings: dict, name: str, kind: type):
    try:
        return kind(settings[name])
    except (KeyError, ValueError):
        return None


def _quoted(value) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return json_text.dumps(text) if re.search(r"[,:\n\"]", text) else text

"""What a run taught, in words and in the line of Python that uses it; one row a method."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Taught:
    """`what` it is, the `tag` on the Hub, how `others` read it, and how large it is (`made`, from the settings)."""

    what: str
    tag: str
    others: str
    made: str


_LORA_ELSEWHERE = (
    "Any diffusers pipeline of the same base loads the file with `load_lora_weights`; its pictures become sound with\n"
    '`SpectrogramCodec(SpectrogramParams.from_lora("pytorch_lora_weights.safetensors")).decode(image)`.'
)
_LAYERS = "rank {rank}, layers: {targets}"
_METHODS = {
    "lora": Taught("A LoRA adapter", "lora", _LORA_ELSEWHERE, _LAYERS),
    "dreambooth": Taught("A LoRA adapter, taught with DreamBooth,", "dreambooth", _LORA_ELSEWHERE, _LAYERS),
    "textual_inversion": Taught(
        "A new word (textual inversion)",
        "textual-inversion",
        "Any diffusers pipeline of the same base loads `learned_embeds.safetensors` with `load_textual_inversion`;\n"
        "the file that is named after the word is for AUTOMATIC1111 and ComfyUI.",
        "{vectors} vectors",
    ),
    "aesthetic": Taught(
        "An aesthetic (aesthetic gradients)",
        "aesthetic-gradients",
        "It is a direction in the space of this base's own ear and means nothing to another one.",
        "compared through the {aesthetic_through}",
    ),
}


def taught_by(settings: dict) -> Taught:
    """The row of a run's method; runs that name none are LoRAs."""
    return _METHODS.get(settings.get("method", "lora"), _METHODS["lora"])


def trigger_of(settings: dict) -> str:
    """The word that a prompt must have, as prompts write it; "" where none is needed."""
    method, trigger = settings.get("method", "lora"), settings.get("trigger") or ""
    if method == "textual_inversion":
        return f"<{trigger.strip('<>') or 'new-sound'}>"
    return "" if method == "aesthetic" else trigger


def loading(settings: dict, where: str) -> str:
    """The line that makes `pipe` use it; `where` is Python for a folder, a file or a name on the Hub."""
    method = settings.get("method", "lora")
    if method == "textual_inversion":
        return f"pipe.load_textual_inversion({where})"
    if method == "aesthetic":
        through = settings.get("aesthetic_through", "words")
        return f"pipe.load_aesthetic({where}, through={json.dumps(through)})"
    return f"pipe.load_lora_weights({where})"


def three_lines(repo: str, base: str | None, settings: dict | None = None, prompt: str = "your prompt") -> str:
    """The Python that uses a published adapter; `settings` are those of its run (None: a LoRA)."""
    settings = settings or {}
    aesthetic = settings.get("method") == "aesthetic"
    where = f'hf_hub_download({json.dumps(repo)}, "aesthetic.safetensors")' if aesthetic else json.dumps(repo)
    return (
        ("from huggingface_hub import hf_hub_download\n" if aesthetic else "")
        + "from spectrogram.pipeline import SpectrogramAudioPipeline\n\n"
        f"pipe = SpectrogramAudioPipeline.from_pretrained({json.dumps(base or 'base_model')})\n"
        f"{loading(settings, where)}\n"
        f'pipe({json.dumps(prompt, ensure_ascii=False)}, seed=7).save("sound.wav")\n'
    )

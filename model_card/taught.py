"""What a run taught, in the line of Python that uses it; the table of methods for the rooms above."""

from spectrogram import json_text
from training.method_table import AESTHETIC_FILE, METHODS, TeachingMethod, carrier_of, method_of, trigger_of

__all__ = ["METHODS", "TeachingMethod", "loading", "method_of", "three_lines", "trigger_of"]


def loading(settings: dict, where: str) -> str:
    """The line that makes `pipe` use it; `where` is Python for a folder, a file or a name on the Hub."""
    through = settings.get("aesthetic_through", "words")
    return carrier_of(settings).result.call.format(where=where, aesthetic_through=through)


def three_lines(repo: str, base: str | None, settings: dict | None = None, prompt: str = "your prompt") -> str:
    """The Python that uses a published adapter; `settings` are those of its run (None: a LoRA)."""
    settings = settings or {}
    aesthetic = method_of(settings).result is AESTHETIC_FILE
    where = (
        f"hf_hub_download({json_text.dumps(repo)}, {json_text.dumps(AESTHETIC_FILE.file)})"
        if aesthetic
        else json_text.dumps(repo)
    )
    return (
        ("from huggingface_hub import hf_hub_download\n" if aesthetic else "")
        + "from spectrogram.pipeline import SpectrogramAudioPipeline\n\n"
        f"pipe = SpectrogramAudioPipeline.from_pretrained({json_text.dumps(base or 'base_model')})\n"
        f"{loading(settings, where)}\n"
        f'pipe({json_text.dumps(prompt, ensure_ascii=False)}, seed=7).save("sound.wav")\n'
    )

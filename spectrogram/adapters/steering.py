"""An aesthetic in a pipeline: each prompt is read by a text encoder that is moved towards it for that prompt alone."""

from collections.abc import Callable
from pathlib import Path

import torch

from spectrogram.adapters import aesthetic as gradients
from spectrogram.adapters.aesthetic_pictures import Painted
from spectrogram.adapters.state import Steering
from spectrogram.ears.clip import open_ear
from spectrogram.problems import UsageProblem
from spectrogram.prompts.embedding import same_length


def load_aesthetic(
    pipeline,
    aesthetic: gradients.Aesthetic | str | Path,
    steps: int | None = None,
    rate: float | None = None,
    ear=None,
    through: str = "words",
    on_step: Callable[[int, int], None] | None = None,
):
    """Read every prompt from now on nearer to an aesthetic.

    Args:
        aesthetic: an Aesthetic, its file, or the folder that training wrote.
        steps: how far prompts are moved; None means the usual number of `through`.
        rate: the optimizer's rate; None means the base's own, or the usual one through the picture.
        ear: the ear that made the aesthetic; None opens the base's own.
        through: "words" or "picture", what is compared with the aesthetic (`aesthetic.steered`).
        on_step: `on_step(done, steps)` is told of each step while a prompt is read; what it raises ends the reading.

    Raises:
        UsageProblem: it belongs to another ear, or `through` is neither.
        AdapterProblem: the file is none of ours.
    """
    if not isinstance(aesthetic, gradients.Aesthetic):
        aesthetic = gradients.Aesthetic.read(aesthetic)
    ear = ear or open_ear(pipeline.name_or_path, str(pipeline.device))
    gradients.check_ear(aesthetic, ear)
    if through not in gradients.THROUGH:
        raise UsageProblem(f"an aesthetic through {through!r}", f"one of {gradients.THROUGH}", "choose one")
    steps = gradients.STEPS[through] if steps is None else steps
    if rate is None:
        rate = pipeline.defaults.aesthetic_rate if through == "words" else gradients.PICTURE_RATE
    settings = {"aesthetic": aesthetic, "ear": ear, "steps": steps, "rate": rate, "on_step": on_step}
    pipeline.state.steering = Steering(settings, through)


def unload_aesthetic(pipeline):
    """Prompts are read as the base reads them again."""
    pipeline.state.steering = None


def read_steered(pipeline, read: Callable, prompt, device, count: int, guided: bool, *against):
    """What `read(prompt, device, count, guided, …)` gives, each prompt steered for itself, not the negative one."""
    whole = read(prompt, device, count, guided, *against)
    prompts = [prompt] if isinstance(prompt, str) else prompt
    found = {text: _read_one(pipeline, read, text, device, count) for text in dict.fromkeys(prompts)}
    # A short prompt beside long ones is as long as they are once all are read.
    *rows, _ = same_length(pipeline, [*(found[text] for text in prompts), whole[0][:1]])
    return torch.cat(rows), whole[1]


def _read_one(pipeline, read: Callable, text: str, device, count: int) -> torch.Tensor:
    steering, tokenizer = pipeline.state.steering, pipeline.tokenizer
    ids = tokenizer(
        pipeline.maybe_convert_prompt(text, tokenizer), padding="max_length", truncation=True,
        max_length=tokenizer.model_max_length, return_tensors="pt",
    ).input_ids.to(device)  # fmt: skip
    fit = None
    if steering.through == "picture":
        fit = Painted(pipeline, steering.settings["aesthetic"], steering.settings["ear"])
    with gradients.steered(pipeline.text_encoder, ids, **steering.settings, fit=fit):
        return read(text, device, count, False)[0]


def recipe_settings(pipeline) -> dict:
    """What recipes say of learned words and of the aesthetic in use; empty without any."""
    words, steering = pipeline.state.words, pipeline.state.steering
    told = {"words": " ".join(words)} if words else {}
    if steering is not None:
        chosen = steering.settings
        told |= {"aesthetic": chosen["aesthetic"].name, "aesthetic_steps": chosen["steps"],
                 "aesthetic_rate": chosen["rate"], "aesthetic_through": steering.through}  # fmt: skip
    return told

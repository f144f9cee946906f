"""`python -m spectrogram generate "PROMPT" -o out.wav`: sound, picture and recipe from a text."""

import argparse
import json
import sys
from pathlib import Path

from spectrogram.audio_io import WRITABLE
from spectrogram.problems import UsageProblem


def add_arguments(parser: argparse.ArgumentParser):
    parser.add_argument("text", nargs="?", metavar="PROMPT", help="what to hear, for example 'rain on a tin roof'")
    parser.add_argument("--prompt", help="the same as PROMPT")
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("out.wav"), help="sound file (%(default)s); the picture lies beside it"
    )
    parser.add_argument("--seed", type=int, help="the same seed makes the same sound (drawn and told when left out)")
    parser.add_argument("--num", type=int, default=1, metavar="N", help="clips, with the seeds seed, seed + 1, …")
    parser.add_argument("--seconds", type=float, help="length (the base model's own when left out)")
    add_sampling_arguments(parser)
    add_model_arguments(parser)


def add_sampling_arguments(parser: argparse.ArgumentParser):
    """The flags that every command shares which denoises."""
    parser.add_argument("--negative-prompt", default="", help="what not to hear")
    parser.add_argument("--steps", type=int, help="denoising steps (the base model's own number when left out)")
    parser.add_argument(
        "--guidance", type=float, help="how closely to follow the prompt (the base model's own when left out)"
    )


def add_model_arguments(parser: argparse.ArgumentParser):
    """The flags that every command shares which loads a model."""
    parser.add_argument("--lora", type=Path, help="adapter: runs/NAME or a .safetensors file")
    parser.add_argument("--lora-scale", type=float, default=1.0, help="strength of the adapter (%(default)s)")
    parser.add_argument(
        "--base", help="folder or Hub name of a Stable Diffusion 1.x model (the embedded one when left out)"
    )
    parser.add_argument("--device", help="cuda, mps or cpu (the fastest that is there when left out)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")


def run(options: argparse.Namespace) -> int:
    prompt = options.prompt or options.text or ""
    check(options, prompt)
    pipeline = open_pipeline(options)
    warn_of_cut_words(pipeline, prompt)
    output = pipeline(
        [prompt] * options.num,
        negative_prompt=[options.negative_prompt] * options.num,
        num_inference_steps=options.steps,
        guidance_scale=options.guidance,
        seed=options.seed,
        seconds=options.seconds,
    )
    report(options, save_all(output, options.out))
    return 0


def check(options: argparse.Namespace, prompt: str):
    """Raise UsageProblem for what is wrong on the command line, before anything slow happens."""
    from spectrogram.adapters import find_adapter
    from spectrogram.models import locate_base

    _require(prompt.strip(), "the prompt is empty", "words such as 'rain on a tin roof'", "add them in quotes")
    _require(1 <= options.num <= 64, f"--num is {options.num}", "1 to 64", "run the command again for more")
    _require(
        options.seconds is None or 0 < options.seconds <= 600,
        f"--seconds is {options.seconds}",
        "above 0, at most 600",
        "try 5",
    )
    check_sampling(options)
    if options.lora is not None:
        find_adapter(options.lora)
    locate_base(options.base)


def check_sampling(options: argparse.Namespace):
    """Raise UsageProblem for numbers and a file name that cannot be used."""
    suffix = options.out.suffix.lower()
    _require(
        suffix in WRITABLE,
        f"the output {options.out.name} ends in {suffix!r}",
        f"one of {', '.join(WRITABLE)}",
        "rename it",
    )
    _require(options.steps is None or 1 <= options.steps <= 1000, f"--steps is {options.steps}", "1 to 1000", "try 20")
    _require(
        options.guidance is None or 0 <= options.guidance <= 50,
        f"--guidance is {options.guidance}",
        "0 to 50",
        "try 3 to 7.5",
    )
    _require(
        options.seed is None or 0 <= options.seed < 2**63,
        f"--seed is {options.seed}",
        "0 or more",
        "leave the sign out",
    )
    _require(-10 <= options.lora_scale <= 10, f"--lora-scale is {options.lora_scale}", "-10 to 10", "try 0.5 to 1")


def open_pipeline(options: argparse.Namespace):
    """The pipeline of --base with --lora on --device; progress goes to the terminal, unless --json."""
    from spectrogram.models import load_pipeline

    pipeline = load_pipeline(options.base, options.device)
    pipeline.set_progress_bar_config(desc="denoising", disable=options.json, leave=False, unit="step")
    if options.lora is not None:
        pipeline.load_lora_weights(options.lora, adapter_name="adapter")
        pipeline.set_adapters(["adapter"], [options.lora_scale])
    return pipeline


def warn_of_cut_words(pipeline, prompt: str):
    """Say on stderr which words of a long prompt the model will not read."""
    cut = pipeline.cut_words(prompt)
    if cut:
        print(
            f"note: the model reads {pipeline.tokenizer.model_max_length - 2} tokens; not read: {cut}", file=sys.stderr
        )


def save_all(output, path: Path) -> list[dict]:
    """Write each clip (NAME.wav, or NAME-1.wav, NAME-2.wav, … for several) and say what lies where."""
    written = []
    for i, recipe in enumerate(output.recipes):
        name = path if len(output.recipes) == 1 else path.with_stem(f"{path.stem}-{i + 1}")
        sound, picture = output.save(name, i)
        seconds = output.audios[i].shape[-1] / output.sampling_rate
        written.append({"sound": str(sound), "picture": str(picture), "seconds": seconds, "recipe": recipe.to_dict()})
    return written


def report(options: argparse.Namespace, written: list[dict]):
    """Print what was written and what to do next."""
    if options.json:
        print(json.dumps({"clips": written}))
        return
    for clip in written:
        print(f"{clip['sound']}  {clip['seconds']:.2f} s  seed {clip['recipe']['seed']}  (picture: {clip['picture']})")
    print(f"next: python -m spectrogram inspect {written[0]['picture']}")


def _require(condition, what: str, expected: str, remedy: str):
    if not condition:
        raise UsageProblem(what, expected, remedy)

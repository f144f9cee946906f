"""What all commands that denoise have in common: flags, their checks, the pipeline, writing and telling."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from spectrogram import json_text
from spectrogram.files.audio import WRITABLE
from spectrogram.problems import UsageProblem
from spectrogram.shell import command


def add_common_arguments(parser: argparse.ArgumentParser):
    """Output, seed, sampling and model: the same flags with the same meaning in each command."""
    add = parser.add_argument
    add_output_arguments(parser)
    add("--seed", type=int, help="the same seed makes the same sound (drawn and told when left out)")
    add("--negative-prompt", default="", help="what not to hear")
    add("--steps", type=int, help="denoising steps (the base model's own number when left out)")
    add("--guidance", type=float, help="how closely to follow the prompt (the base model's own when left out)")
    add("--lora", type=Path, action="append", default=[], help="adapter: runs/NAME or a .safetensors file; repeatable")
    add("--lora-scale", type=float, action="append", default=[], help="strength of each adapter, in order (1.0)")
    add("--embedding", type=Path, action="append", default=[], help="learned word: runs/NAME or a .safetensors file")
    add("--aesthetic", type=Path, help="aesthetic: runs/NAME or a .safetensors file")
    add("--aesthetic-steps", type=int, help="how far prompts are moved towards the aesthetic (10; picture: 60)")
    add(
        "--aesthetic-through",
        choices=("words", "picture"),
        default="words",
        help="what is compared with the aesthetic: the prompt, or what it paints (slow, and teaches new sounds)",
    )
    add_model_arguments(parser)


def add_output_arguments(parser: argparse.ArgumentParser):
    add = parser.add_argument
    add("-o", "--out", type=Path, default=Path("out.wav"), help="sound file (%(default)s); the picture lies beside it")
    add("--json", action="store_true", help="print one JSON object instead of sentences")


def add_model_arguments(parser: argparse.ArgumentParser):
    add = parser.add_argument
    add("--base", help="folder or Hub name of a Stable Diffusion 1.x model (the embedded one when left out)")
    add("--device", help="cuda, mps or cpu (the fastest that is there when left out)")
    memory = parser.add_mutually_exclusive_group()
    memory.add_argument("--vram", type=float, metavar="GB", help="do with a card of so much memory, for example 6")
    memory.add_argument("--lowvram", dest="vram", action="store_const", const=4.0, help="the same as --vram 4")


def add_source_arguments(parser: argparse.ArgumentParser):
    """A sound that is there, and what to hear in it."""
    parser.add_argument("source", type=Path, metavar="SOUND", help="audio file to start from")
    parser.add_argument("prompt", metavar="PROMPT", help="what to hear, for example 'rain on a tin roof'")


def perform(options: argparse.Namespace, verb: Callable, *prompts: str) -> int:
    """Check, open the pipeline, call `verb(pipeline, **sampling)` and write what comes out."""
    check_common(options, *prompts)
    pipeline = open_pipeline(options, *prompts)
    return finish(verb(pipeline, **sampling_of(options)), options)


def check_common(options: argparse.Namespace, *prompts: str):
    """Raise UsageProblem for what is wrong on the command line, before anything slow happens."""
    from spectrogram.adapters.kinds import AESTHETIC, LORA, WORD
    from spectrogram.bases import locate_base
    from spectrogram.prompts.language import take_out_tags

    for prompt in prompts:
        require(
            take_out_tags(prompt)[0].strip(),
            "the prompt is empty",
            "words such as 'rain on a tin roof'",
            "add them in quotes",
        )
    check_output(options)
    require_range("--steps", options.steps, 1, 1000, "try 20")
    require_range("--guidance", options.guidance, 0, 50, "try 3 to 7.5")
    require_range("--seed", options.seed, 0, 2**63 - 1, "leave the sign out")
    for scale in options.lora_scale:
        require_range("--lora-scale", scale, -10, 10, "try 0.5 to 1")
    scales, adapters = len(options.lora_scale), len(options.lora)
    require(scales <= adapters, f"--lora-scale is given {scales} times", f"{adapters} at most", "name its --lora")
    require_range("--aesthetic-steps", options.aesthetic_steps, 0, 200, "try 5 to 20, or 60 through the picture")
    for kind, given in ((LORA, options.lora), (WORD, options.embedding), (AESTHETIC, [options.aesthetic])):
        for path in filter(None, given):
            kind.find(path)
    locate_base(options.base)


def check_output(options: argparse.Namespace):
    suffix = options.out.suffix.lower()
    what = f"the output {options.out.name} ends in {suffix!r}"
    require(suffix in WRITABLE, what, f"one of {', '.join(WRITABLE)}", "rename it")


def require(condition, what: str, expected: str, remedy: str):
    if not condition:
        raise UsageProblem(what, expected, remedy)


def require_range(flag: str, value, low, high, remedy: str):
    """A number that was given must lie within low … high, both included; NaN does not."""
    require(value is None or low <= value <= high, f"{flag} is {value}", f"{low} to {high}", remedy)


def open_pipeline(options: argparse.Namespace, *prompts: str):
    """The pipeline of --base with each --lora on --device; progress goes to the terminal, unless --json."""
    from spectrogram.models import load_pipeline

    pipeline = load_pipeline(options.base, options.device, vram_gb=options.vram)
    pipeline.set_progress_bar_config(desc="denoising", disable=options.json, leave=False, unit="step")
    names = [f"adapter_{i + 1}" for i in range(len(options.lora))]
    for name, adapter in zip(names, options.lora, strict=True):
        pipeline.load_lora_weights(adapter, adapter_name=name)
    if names:
        scales = [*options.lora_scale, *[1.0] * (len(names) - len(options.lora_scale))]
        pipeline.set_adapters(names, scales)
    for embedding in options.embedding:
        pipeline.load_textual_inversion(embedding)
    if options.aesthetic is not None:
        pipeline.load_aesthetic(options.aesthetic, options.aesthetic_steps, through=options.aesthetic_through)
    for prompt in prompts:
        tell_of_tags(prompt)
        tell_of_long_prompt(pipeline, prompt)
    return pipeline


def tell_of_tags(prompt: str):
    """Say on stderr that web UIs' tags are left out, and what to use instead."""
    from spectrogram.prompts.language import take_out_tags

    tags = take_out_tags(prompt)[1]
    if tags:
        print(f"note: {', '.join(tags)} is no word of a prompt and was left out: use --lora FILE", file=sys.stderr)


def tell_of_long_prompt(pipeline, prompt: str):
    """Say on stderr that a long prompt is read in pieces, and where the first one ends."""
    rest = pipeline.cut_words(prompt)
    if rest:
        limit = pipeline.tokenizer.model_max_length - 2
        print(f"note: longer than {limit} tokens, read in pieces; after the first: {rest}", file=sys.stderr)


def sampling_of(options: argparse.Namespace) -> dict:
    """The verbs' keywords from the common flags."""
    return {
        "negative_prompt": options.negative_prompt,
        "num_inference_steps": options.steps,
        "guidance_scale": options.guidance,
        "seed": options.seed,
    }


def finish(output, options: argparse.Namespace) -> int:
    """Write each clip (NAME.wav, or NAME-1.wav, NAME-2.wav, … for several), say what lies where and what to do next."""
    written = []
    for i, recipe in enumerate(output.recipes):
        name = options.out if len(output.recipes) == 1 else options.out.with_stem(f"{options.out.stem}-{i + 1}")
        sound, picture = output.save(name, i)
        seconds = output.audios[i].shape[-1] / output.sampling_rate
        written.append({"sound": str(sound), "picture": str(picture), "seconds": seconds, "recipe": recipe.to_dict()})
    if options.json:
        print(json_text.dumps({"clips": written}))
        return 0
    for clip in written:
        seed = clip["recipe"]["seed"]
        told = "" if seed is None else f"  seed {seed}"
        print(f"{clip['sound']}  {clip['seconds']:.2f} s{told}  (picture: {clip['picture']})")
    print("next: " + command("spectrogram", "inspect", Path(written[0]["picture"])))
    return 0

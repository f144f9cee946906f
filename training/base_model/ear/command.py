"""Command line of the ear: ``python -m training ear RECIPE --base base_model --work DIR`` writes BASE/ear."""

import argparse
import hashlib
from dataclasses import asdict
from pathlib import Path

from spectrogram.files import json_file
from training.base_model.settings import ScratchSettings

NAME, VERSION = "sd-audio-ear-v1", "1"


def build_parser():
    parser = argparse.ArgumentParser(prog="python -m training ear", description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path, help="the base's recipe: its corpus teaches the ear too")
    parser.add_argument("--base", type=Path, default=Path("base_model"), help="model folder that gets ear/")
    parser.add_argument("--work", type=Path, default=Path("runs/base_model"), help="where the corpus lies or is made")
    parser.add_argument("--recordings", type=Path, default=Path("recordings"), help="where the recipe's folders lie")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--test-clips", type=int, default=400, help="fresh soundscapes to measure on")
    return parser


def save(folder, config, weights):
    """Write config.json and half-precision weights; returns the config with name, version and sha256."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.safetensors"
    half = {name: value.half().contiguous() if value.is_floating_point() else value for name, value in weights.items()}
    save_file(half, path, metadata={"format": "pt"})
    config = {"name": NAME, "version": VERSION, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} | config
    write_config(folder, config)
    return config


def write_config(folder, config):
    json_file.write(folder / "config.json", config)


def held_out(settings, root):
    """Recordings that neither the base nor the ear has heard, of the recipe's folders."""
    from training.base_model import recordings

    return recordings.find_held([root / name for name in settings.recordings], settings.recordings_share)


def make(settings, ear_settings, base, work, stages, test_clips, root):
    """Train, save and measure the ear of ``base``; returns its config with the figures."""
    import torch

    from spectrogram.ears.ear import Ear
    from training.base_model import assemble, road
    from training.base_model.ear import ear
    from training.base_model.ear import figures as ear_figures

    torch.set_num_threads(settings.threads)
    model, places = road.load(base), road.Places(work, base, root)
    pictures, rows = road.render(settings, places, stages)
    credits = road.credits(settings, places)
    config, weights = ear.train(
        ear_settings, pictures, rows, model.text_encoder.eval(), model.tokenizer,
        lambda done, total, value: stages.update("ear", done, total, f"loss {value:.3f}"),
    )  # fmt: skip
    config |= {"training": asdict(ear_settings), "data_credits": credits}
    config = save(base / "ear", config, weights)
    heard = Ear.load(base)
    others = held_out(settings, root)
    config["figures"] = {"composed": ear_figures.composed_figures(heard, test_clips)}
    if others:
        config["figures"]["recorded"] = ear_figures.real_figures(heard, others)
    write_config(base / "ear", config)
    assemble.write_checksums(base)
    return config


def main(argv):
    arguments = build_parser().parse_args(argv)
    from training.base_model.ear.ear import EarSettings
    from training.progress import Bars

    settings = ScratchSettings.read(arguments.recipe)
    with Bars() as bars:
        config = make(
            settings,
            EarSettings(steps=arguments.steps),
            arguments.base,
            arguments.work,
            bars,
            arguments.test_clips,
            arguments.recordings,
        )
    for kind, figures in config["figures"].items():
        for name, value in figures.items():
            print(f"{kind:9} {name:30} {value if isinstance(value, int) else round(value, 3)}")
    print(f"{config['sha256']}  {arguments.base / 'ear'}")
    return 0

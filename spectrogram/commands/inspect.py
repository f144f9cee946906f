"""`python -m spectrogram inspect`: what a picture or sound holds, and a view of it with time and Hz axes."""

import argparse
from pathlib import Path

from spectrogram import json_text

EXAMPLE = "python -m spectrogram inspect rain.png --png view.png"


def add_arguments(parser: argparse.ArgumentParser):
    parser.epilog = f"Example: {EXAMPLE}"
    parser.add_argument("inputs", nargs="+", help="pictures or audio files")
    parser.add_argument("--png", help="draw the (single) input with axes into this file")
    parser.add_argument("--preset", default="sd15", help="parameters to draw a sound with (default: sd15)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(options: argparse.Namespace) -> int:
    from spectrogram.problems import UsageProblem

    if options.png and len(options.inputs) > 1:
        raise UsageProblem("--png draws one input", "a single file", "call it once a file")
    for name in options.inputs:
        facts, image, params = examine(Path(name), options.preset)
        print(json_text.dumps(facts) if options.json else _readable(facts))
        if options.png:
            from spectrogram.codec.axes import draw_axes
            from spectrogram.files.pictures import write_picture

            print(f"  view: {write_picture(options.png, draw_axes(image, params))}")
    return 0


def examine(path: Path, preset: str):
    """(facts, picture, parameters) of a picture or a sound file."""
    from spectrogram.files.endings import PICTURES

    return _examine_picture(path) if path.suffix.lower() in PICTURES else _examine_sound(path, preset)


def _examine_picture(path: Path):
    from spectrogram.codec.foreign import at_its_size, recognise
    from spectrogram.files.pictures import read_picture

    image = read_picture(path)
    params, assumed = recognise(image)
    shown = at_its_size(image, params)
    facts = {
        "file": str(path),
        "kind": f"{image.format} {image.mode} {image.width} x {image.height}",
        "seconds": round(params.clip_seconds, 3),
        "band": f"{params.low_hz:g}-{params.high_hz:g} Hz, {params.bands} bands, {params.scale}",
        "layout": params.layout,
        "fingerprint": params.fingerprint,
        "assumed": assumed,
        "texts": sorted(key for key, value in image.info.items() if isinstance(value, str)),
    }
    return facts, shown, params


def _examine_sound(path: Path, preset: str):
    import numpy as np

    from spectrogram.codec import SpectrogramCodec
    from spectrogram.files.audio import read_audio
    from spectrogram.params import SpectrogramParams

    audio, rate_hz = read_audio(path)
    params = SpectrogramParams.preset(preset)
    columns = -(-audio.shape[1] * params.sample_rate_hz // (rate_hz * params.hop_samples * params.frames_per_column))
    params = params.replace(columns=max(2, min(columns, 4000)))
    level_db = 10 * np.log10(max(float(np.mean(audio**2)), 1e-12))
    facts = {
        "file": str(path),
        "kind": f"sound, {audio.shape[0]} channels, {rate_hz} Hz",
        "seconds": round(audio.shape[1] / rate_hz, 3),
        "level": f"{level_db:.1f} dB RMS, peak {20 * np.log10(max(float(np.abs(audio).max()), 1e-6)):.1f} dB",
        "clipped": f"{100 * float(np.mean(np.abs(audio) >= 0.9999)):.3f} %",
    }
    return facts, SpectrogramCodec(params).encode(audio, rate_hz), params


def _readable(facts: dict) -> str:
    lines = [facts["file"]]
    for name, value in facts.items():
        if name != "file" and value:
            lines.append(f"  {name}: {'; '.join(value) if isinstance(value, list) else value}")
    return "\n".join(lines)

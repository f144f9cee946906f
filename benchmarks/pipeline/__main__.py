"""The pipeline measured: what verbs keep, how fast and small it is, how few steps do, how foreign pictures are heard.

    python -m benchmarks.pipeline [--quick] [--only verbs,speed,steps,decode] [--base FOLDER] --json FILE

Sound comes from the embedded base and from synthesised recordings; labels and embeddings from the classifier of
``metrics``, which was trained on other clips than the base.
"""

import argparse
import json
import time
from pathlib import Path

from spectrogram.files import json_file

PARTS = ("verbs", "speed", "steps", "decode")


def measure_verbs(options) -> dict:
    from benchmarks.pipeline import morph, verbs

    pipeline, few = open_pipeline(options), options.quick
    steady = verbs.STEADY[:4] if few else verbs.STEADY
    pairs = verbs.PAIRS[:3] if few else verbs.PAIRS
    measures = {
        "inpaint": lambda: verbs.measure_inpaint(pipeline, steady[:4]),
        "loop": lambda: verbs.measure_loop(pipeline, steady + verbs.EVENTS[:2]),
        "extend": lambda: verbs.measure_extend(pipeline, steady + verbs.EVENTS[:2]),
        "morph": lambda: morph.measure(pipeline, pairs),
        "timeline": lambda: verbs.measure_timeline(pipeline, pairs),
        "long": lambda: verbs.measure_long(pipeline, steady[:4]),
        "seeds": lambda: verbs.measure_seeds(pipeline),
    }
    chosen = options.verbs.split(",") if options.verbs else measures
    return {name: measures[name]() for name in chosen}


def measure_speed(options) -> dict:
    from benchmarks.pipeline import speed

    return speed.measure(options.base)


def measure_steps(options) -> dict:
    from benchmarks.pipeline import steps

    return steps.measure(open_pipeline(options), quick=options.quick)


def measure_decode(options) -> dict:
    from benchmarks.pipeline import decode

    return decode.measure(Path(options.pictures), 6 if options.quick else None)


def open_pipeline(options):
    from spectrogram.models import load_pipeline

    pipeline = load_pipeline(options.base, device="cpu")
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def show(result: dict, indent: str = ""):
    for name, value in result.items():
        if isinstance(value, dict):
            print(f"{indent}{name}")
            show(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for row in value:
                print(indent + "  ".join(f"{key} {_short(entry)}" for key, entry in row.items()))
        else:
            print(f"{indent}{name}: {_short(value)}", flush=True)


def _short(value):
    return f"{value:.4g}" if isinstance(value, float) else value


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer clips")
    parser.add_argument("--only", default=",".join(PARTS), help="some of %(default)s")
    parser.add_argument("--verbs", help="only these of part verbs, for example inpaint,loop")
    parser.add_argument("--base", help="another model than the embedded one")
    parser.add_argument("--pictures", default="../shared/data/seed_outputs/pairs", help="PNG and FLAC pairs to decode")
    parser.add_argument("--json", type=Path, help="write the result here too; other parts in it are kept")
    options = parser.parse_args()
    chosen = options.only.split(",")
    if not set(chosen) <= set(PARTS):
        parser.error(f"--only takes {', '.join(PARTS)}")
    result = json.loads(options.json.read_text(encoding="utf-8")) if options.json and options.json.is_file() else {}
    for part in chosen:
        began = time.process_time()
        measured = globals()[f"measure_{part}"](options)
        print(f"{part} took {time.process_time() - began:.0f} CPU seconds")
        show({part: measured})
        result[part] = {**result.get(part, {}), **measured}
        if options.json:
            json_file.write(options.json, result)


if __name__ == "__main__":
    main()

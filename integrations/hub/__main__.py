"""`python -m integrations.hub FOLDER`: write what a pipeline repository on the Hub holds, ready for `hf upload`."""

import argparse
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parents[1] / "spectrogram"
README = """---
library_name: diffusers
license: apache-2.0
tags: [text-to-audio, spectrogram]
---

# Spectrogram audio pipeline

```python
from diffusers import DiffusionPipeline

pipe = DiffusionPipeline.from_pretrained(BASE, custom_pipeline="THIS/REPOSITORY", trust_remote_code=True)
pipe("rain on a tin roof").save("rain.wav")
```

BASE is any Stable Diffusion 1.x that paints spectrograms. Needs {requirements}.
"""


def write_repository(folder: Path) -> Path:
    """Copy pipeline.py and the package into the folder; returns it. What else lies there stays."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(HERE / "pipeline.py", folder / "pipeline.py")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / "spectrogram", ignore=ignored, dirs_exist_ok=True)
    needed = "`torch diffusers transformers peft safetensors soundfile soxr numba scipy compel`"
    (folder / "README.md").write_text(README.format(requirements=needed), encoding="utf-8")
    return folder


def main(arguments: list[str] | None = None):
    parser = argparse.ArgumentParser(prog="python -m integrations.hub", description=__doc__.split(": ")[1])
    parser.add_argument("folder", type=Path)
    folder = write_repository(parser.parse_args(arguments).folder)
    print(f"{folder} is ready: hf upload USER/NAME {folder}")


if __name__ == "__main__":
    main()

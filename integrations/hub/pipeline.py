"""The pipeline from a repository on the Hub, without anything installed but diffusers and the codec's dependencies:

    DiffusionPipeline.from_pretrained(BASE, custom_pipeline="user/spectrogram-pipeline", trust_remote_code=True)

An installed `spectrogram` package comes first. Otherwise the package that lies beside this file in the repository is
fetched, at the same commit.
"""

import importlib
import importlib.util
import sys
from pathlib import Path

MISSING = (
    "The package spectrogram is not installed, and diffusers copies only pipeline.py out of a folder on this machine. "
    "Install it (pip install 'sd-audio-spectrograms[pipeline]'), or start Python in the folder that holds spectrogram/."
)


def _load():
    if importlib.util.find_spec("spectrogram") is None:
        # diffusers copies this file to …/OWNER--NAME/COMMIT/pipeline.py, out of a folder to …/local/pipeline.py
        *_, repository, commit, _ = Path(__file__).parts
        if "--" not in repository:
            raise ImportError(MISSING)
        hub = importlib.import_module("huggingface_hub")
        name = repository.replace("--", "/", 1)
        sys.path.insert(0, hub.snapshot_download(name, revision=commit, allow_patterns="spectrogram/*"))
    return importlib.import_module("spectrogram.pipeline").SpectrogramAudioPipeline


SpectrogramAudioPipeline = _load()

"""The embedders by name. Nothing heavy is imported before it is asked for."""

from metrics.embedders import transformer_models
from metrics.embedders.interface import Embedder
from metrics.embedders.logmel_stats import LogMelStats
from metrics.embedders.panns import Panns
from metrics.embedders.sound_cnn import SoundCnn
from metrics.embedders.spectrogram_ear import SpectrogramEar
from metrics.embedders.vggish import Vggish
from spectrogram.problems import UsageProblem

DEFAULT = "sd-audio-cnn-v1"
NAMES = (
    "sd-audio-cnn-v1",
    "logmel-stats-v1",
    "vggish",
    "panns-cnn14-16k",
    "panns-cnn14-32k",
    "clap",
    "ast",
    "sd-audio-ear-v1",
)


def load(name: str = DEFAULT, weights: str | None = None) -> Embedder:
    """The embedder of that name; weights is a local file or folder for those that do not come with this project."""
    if name == "sd-audio-cnn-v1":
        return SoundCnn(weights)
    if name == "logmel-stats-v1":
        return LogMelStats()
    if name == "vggish":
        return Vggish(weights)
    if name in ("panns-cnn14-16k", "panns-cnn14-32k"):
        return Panns(weights, 16000 if name.endswith("16k") else 32000)
    if name in ("clap", "ast"):
        return {"clap": transformer_models.Clap, "ast": transformer_models.Ast}[name](weights)
    if name == "sd-audio-ear-v1":
        return SpectrogramEar(weights)
    raise UsageProblem(f"there is no embedder {name!r}", f"one of {', '.join(NAMES)}", "choose one of these")

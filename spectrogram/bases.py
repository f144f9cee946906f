"""Where a base model lies, what lies beside it, and how it is sampled when nobody says otherwise."""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, HFValidationError

from spectrogram import json_text
from spectrogram.files.hub import asking
from spectrogram.problems import Problem, UsageProblem

EMBEDDED = Path(__file__).resolve().parents[1] / "base_model"
GENERATION_FILE = "generation.json"


@dataclass(frozen=True)
class GenerationDefaults:
    """What a base model is sampled with when nobody says otherwise; Stable Diffusion's usual values.

    ``aesthetic_rate`` is that of the steps by which an aesthetic moves the text encoder (Gallego 2022).
    """

    steps: int = 25
    guidance: float = 7.5
    guidance_rescale: float = 0.0
    aesthetic_rate: float = 1e-4

    @classmethod
    def from_json(cls, text: str) -> "GenerationDefaults":
        """Read generation.json, any of the fields, for example {"steps": 20, "guidance": 3.0}."""
        try:
            return cls(**json_text.parsed(text))
        except (ValueError, TypeError) as error:
            raise Problem(
                f"{GENERATION_FILE} is unusable ({error})",
                "steps, guidance, guidance_rescale, aesthetic_rate",
                "correct or delete it",
            ) from error


def read_beside(model: str, name: str) -> str | None:
    """The text of a small file beside a model (folder or Hub name); None when the model has no such file."""
    if Path(model).is_dir():
        file = Path(model) / name
        return file.read_text(encoding="utf-8") if file.is_file() else None
    with asking(f"{name} of {model} cannot be fetched"):
        try:
            return Path(hf_hub_download(model, name)).read_text(encoding="utf-8")
        except (EntryNotFoundError, HFValidationError):
            return None


def table_beside(model: str, name: str) -> dict | None:
    """The JSON object in a small file beside a model; None where there is no such file. Raises Problem for another."""
    text = read_beside(model, name)
    try:
        return None if text is None else dict(json_text.parsed(text))
    except (ValueError, TypeError) as error:
        raise Problem(f"{name} of {model} is damaged ({error})", "a JSON object", "fetch it again") from error


def locate_base(base: str | Path | None = None) -> str:
    """Folder or Hub name of the base model; None, or its own name wherever one is, means the embedded one.

    Raises UsageProblem when it is not there.
    """
    embedded = base is None or (str(base) == EMBEDDED.name and not Path(base).exists())
    folder = EMBEDDED if embedded else Path(base)
    if (folder / "model_index.json").is_file():
        return str(folder)
    # "owner/name" that is no folder can only be a name on the Hub.
    if base is not None and len(folder.parts) == 2 and not folder.exists() and str(base)[0] not in "./~\\":
        return str(base)
    raise UsageProblem(
        f"no base model in {folder}",
        "a folder with model_index.json, or a name on the Hub such as stable-diffusion-v1-5/stable-diffusion-v1-5",
        "check --base",
    )

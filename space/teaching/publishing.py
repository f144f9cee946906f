"""A trained adapter becomes a repository on the Hub, private unless its maker wants otherwise."""

import json
from pathlib import Path

from model_card.push import push
from model_card.taught import loading
from space.engine.adapter_switch import AESTHETIC, taught_in
from space.store.shelf import HUB_NAME
from spectrogram.problems import EnvironmentProblem, Problem, UsageProblem


def publish(run: Path, repo: str, token: str | None, private: bool = True) -> str:
    """Write the model card and commit the adapter; the repository's address. Raises Problem with what to do."""
    if taught_in(run) is None:
        raise Problem(f"{run.name} has no adapter yet", "a finished run", "train it first")
    if not HUB_NAME.fullmatch(repo or ""):
        raise UsageProblem("this is no name of a repository", "USER/NAME", "for example me/rain-roof")
    if not token:
        raise EnvironmentProblem(
            "nobody is signed in", "a token that may write", "sign in, or start the page with HF_TOKEN set"
        )
    return str(push(run, repo, public=not private, token=token)).split("/commit/")[0]


def three_lines(repo: str, base: str | None, settings: dict | None = None, prompt: str = "your prompt") -> str:
    """The Python that uses what was published; `settings` are those of its run (None: a LoRA)."""
    settings = settings or {}
    aesthetic = settings.get("method") == "aesthetic"
    where = f'hf_hub_download("{repo}", "{AESTHETIC}")' if aesthetic else f'"{repo}"'
    return (
        ("from huggingface_hub import hf_hub_download\n" if aesthetic else "")
        + "from spectrogram.pipeline import SpectrogramAudioPipeline\n\n"
        f'pipe = SpectrogramAudioPipeline.from_pretrained("{base or "base_model"}")\n'
        f"{loading(settings, where)}\n"
        f'pipe({json.dumps(prompt, ensure_ascii=False)}, seed=7).save("sound.wav")\n'
    )

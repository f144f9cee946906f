"""A trained adapter becomes a repository on the Hub, private unless its maker wants otherwise."""

from pathlib import Path

from space.shelf import HUB_NAME
from spectrogram.problems import EnvironmentProblem, Problem, UsageProblem

WEIGHTS = "pytorch_lora_weights.safetensors"
# What a run's folder holds besides (checkpoints, caches, logs) stays here.
PUBLISHED = ["*.safetensors", "README.md", "run.json", "settings.yaml", "samples/*"]


def publish(run: Path, repo: str, token: str | None, private: bool = True) -> str:
    """Write the model card and commit the adapter; the repository's address. Raises Problem with what to do."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    if not (run / WEIGHTS).is_file():
        raise Problem(f"{run.name} has no adapter yet", "a finished run", "train it first")
    if not HUB_NAME.fullmatch(repo or ""):
        raise UsageProblem("this is no name of a repository", "USER/NAME", "for example me/rain-roof")
    if not token:
        raise EnvironmentProblem(
            "nobody is signed in", "a token that may write", "sign in, or start the page with HF_TOKEN set"
        )
    write_card(run)
    api = HfApi(token=token)
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo, folder_path=run, allow_patterns=PUBLISHED, commit_message="Adapter, card and samples"
        )
    except (HfHubHTTPError, OfflineModeIsEnabled, OSError) as error:
        reason = str(error).strip().splitlines()[0][:300]
        raise EnvironmentProblem(
            f"the Hub refuses ({reason})", "to commit", "sign in with a token that may write"
        ) from error
    return str(commit.commit_url).split("/commit/")[0]


def write_card(run: Path):
    from model_card import adapter_card
    from model_card.facts import gather

    adapter_card.write(gather(run, None))


def three_lines(repo: str, base: str | None) -> str:
    """The Python that uses a published adapter."""
    return (
        "from spectrogram.pipeline import SpectrogramAudioPipeline\n\n"
        f'pipe = SpectrogramAudioPipeline.from_pretrained("{base or "base_model"}")\n'
        f'pipe.load_lora_weights("{repo}")\n'
        'pipe("your prompt", seed=7).save("sound.wav")\n'
    )

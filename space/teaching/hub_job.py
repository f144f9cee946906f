"""Training as a job on Hugging Face, billed to the visitor: the dataset goes to a private repository, the adapter too.

The job clones nothing of ours but the Space's own public code; secrets travel as secrets, never in the command.
"""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, run_job

from spectrogram.files.hub import NAME, asking
from spectrogram.problems import UsageProblem

IMAGE = "ghcr.io/astral-sh/uv:python3.12-bookworm"
FLAVORS = {"t4-small": 0.40, "l4x1": 0.80, "a10g-small": 1.00, "l40sx1": 1.80}
TIMEOUT = "3h"


@dataclass(frozen=True)
class StartedJob:
    """What a visitor needs to find the job again."""

    id: str
    url: str


def start_job(
    dataset: Path, name: str, options: dict, user: str, token: str, space_id: str, flavor: str = "t4-small"
) -> StartedJob:
    """Upload the dataset privately and start the job. Raises UsageProblem, EnvironmentProblem."""
    if flavor not in FLAVORS:
        raise UsageProblem(f"there is no hardware {flavor!r}", f"one of {', '.join(FLAVORS)}", "choose one")
    if not NAME.fullmatch(space_id):
        raise UsageProblem("the page does not know its own Space", "SPACE_ID as USER/NAME", "open it on Hugging Face")
    repo = f"{user}/{name}"
    with asking("the job was not started"):
        api = HfApi(token=token)
        api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
        api.upload_folder(repo_id=repo, repo_type="dataset", folder_path=dataset, commit_message="Dataset for training")
        job = run_job(
            image=IMAGE,
            command=["bash", "-euc", SCRIPT, "train", space_id, repo, name, str(FLAVORS[flavor]), *flags(options)],
            flavor=flavor,
            timeout=TIMEOUT,
            secrets={"HF_TOKEN": token},
            namespace=user,
            token=token,
        )
        return StartedJob(job.id, job.url)


def flags(options: dict) -> list[str]:
    """Options of `python -m training`; each value is a word of its own, so that no shell ever reads it."""
    return [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]


# "$1" the Space, "$2" the dataset's and adapter's repository, "$3" the run's name, "$4" the price of an hour, then the
# trainer's flags. The rehearsal comes first: what does not fit ends the job (code 5) before hours of it are paid.
SCRIPT = """
space="$1"; repo="$2"; name="$3"; price="$4"; shift 4
uv tool install -q "huggingface_hub>=2.4,<3"
hf download "$space" --repo-type space --local-dir /work -q
cd /work
uv venv -q && uv pip install -q -r requirements.txt
uv run --no-project python -m training "$repo" --out "runs/$name" --rehearse-first --price "$price" "$@"
uv run --no-project python -m model_card "runs/$name"
hf repo create "$repo" --private --exist-ok
hf upload "$repo" "runs/$name" . --include "*.safetensors" "README.md" "run.json" "settings.yaml" "samples/*"
"""

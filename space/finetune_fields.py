"""The fields of Fine-tune's five steps."""

import functools
import json
import re
import subprocess
import sys
from pathlib import Path

import gradio as gr

from space.collected import HEADERS
from space.hub_job import FLAVORS
from space.permissions import JOB, NOWHERE, Permissions
from space.places import Places
from space.status import status_html

LENGTHS = {"Quick": 100, "Standard": 300, "Long": 1000}
DEFAULT_LENGTH = "Standard"
ADAPTER_METHODS = ("lora", "dreambooth")
# Until a run of this machine has been measured: the embedded base with batches of 16 on one CPU core.
USUAL_STEP_S = 0.6
ROOT = Path(__file__).resolve().parents[1]


class FinetuneFields:
    """Builds its components where it is made, one numbered part below the other."""

    def __init__(self, allowed: Permissions):
        gr.HTML(status_html(allowed.reason), elem_id="finetune-allowed", elem_classes="bare", padding=False)
        with gr.Row():
            if allowed.duplicate:
                gr.DuplicateButton("Duplicate this Space", elem_id="finetune-duplicate")
            if allowed.sign_in:
                gr.LoginButton(elem_id="finetune-sign-in")
        self._build_sounds()
        self._build_check()
        self._build_training(allowed)
        self._build_listening()
        self._build_publishing()
        self.run_buttons = [self.stop, self.resume, self.use]

    def _build_sounds(self):
        gr.Markdown("## 1 · Your sounds")
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=5, min_width=320):
                told = "also the name of the adapter: small letters, digits, hyphens"
                self.name = gr.Textbox("my-sound", label="Name", info=told, max_length=40, elem_id="finetune-name")
                self.files = gr.File(
                    label="A zip; or sounds with a csv or .txt captions",
                    file_count="multiple",
                    height=170,
                    elem_id="finetune-files",
                )
                self.sample = gr.Button("Try it with 24 synthesised owls", size="sm", elem_id="finetune-sample")
                self.said = gr.HTML(status_html(""), elem_id="finetune-said", elem_classes="bare", padding=False)
            with gr.Column(scale=7, min_width=320):
                self.table = gr.Dataframe(
                    headers=HEADERS,
                    datatype=["str", "str", "str"],
                    column_count=(3, "fixed"),
                    label="Captions: what is heard in each sound (click a cell to change it)",
                    interactive=True,
                    max_height=330,
                    wrap=True,
                    elem_id="finetune-table",
                )

    def _build_check(self):
        gr.Markdown("## 2 · Check")
        self.check = gr.Button("Check all sounds", interactive=False, elem_id="finetune-check")
        self.checked = gr.HTML(status_html(""), elem_id="finetune-checked", elem_classes="bare", padding=False)
        self.verdicts = gr.HTML("", elem_id="finetune-verdicts", elem_classes="bare", padding=False)
        self.trips = gr.HTML("", elem_id="finetune-trips", elem_classes="bare", padding=False)

    def _build_training(self, allowed: Permissions):
        gr.Markdown("## 3 · Train")
        with gr.Row():
            self.length = gr.Radio(
                list(LENGTHS), value=DEFAULT_LENGTH, label="How long", info="100, 300 or 1000 steps", min_width=220
            )
            choices = methods()
            self.method = gr.Dropdown(choices, value=choices[0], label="Method", info="what is learnt", min_width=160)
            told = "a made-up word that your captions use, if they do"
            self.trigger = gr.Textbox("", label="Trigger word", info=told, max_length=60, min_width=160)
            told = "all clips are this, marked with the trigger word"
            self.kind = gr.Textbox(
                "", label="Kind of sound", info=told, placeholder="a dog barking", max_length=100, visible=False
            )
            prices = [(f"{name}, ${price:.2f}/h", name) for name, price in FLAVORS.items()]
            self.flavor = gr.Dropdown(
                prices, value="t4-small", label="Hardware of the job", visible=allowed.train == JOB, min_width=160
            )
        told = status_html(f"{LENGTHS[DEFAULT_LENGTH]} steps.")
        self.estimate = gr.HTML(told, elem_id="finetune-estimate", elem_classes="bare", padding=False)
        with gr.Row():
            self.train = gr.Button("Train", variant="primary", interactive=False, elem_id="finetune-start", scale=3)
            self.stop = gr.Button("Stop", interactive=False, elem_id="finetune-stop")
            self.resume = gr.Button("Resume", interactive=False, elem_id="finetune-resume")
        self.train.visible = allowed.train != NOWHERE
        self.progress = gr.HTML(status_html(""), elem_id="finetune-progress", elem_classes="bare", padding=False)
        self.loss = gr.HTML("", elem_id="finetune-loss", elem_classes="bare", padding=False)
        self.log = gr.HTML("", elem_id="finetune-log", elem_classes="bare", padding=False)
        self.timer = gr.Timer(2, active=False)

    def _build_listening(self):
        gr.Markdown("## 4 · Listen before and after")
        self.samples = gr.HTML("", elem_id="finetune-samples", elem_classes="bare", padding=False)
        self.use = gr.Button("Use in Generate", interactive=False, elem_id="finetune-use")

    def _build_publishing(self):
        gr.Markdown("## 5 · Publish")
        with gr.Row():
            told = "USER/NAME; yours and the adapter's name when empty"
            self.repo = gr.Textbox("", label="Repository", info=told, max_length=200, elem_id="finetune-repo")
            self.private = gr.Checkbox(True, label="Private", info="only you can see it")
            self.publish = gr.Button("Publish", elem_id="finetune-publish")
        self.published = gr.HTML("", elem_id="finetune-published", elem_classes="bare", padding=False)


@functools.cache
def methods() -> list[str]:
    """Those of the trainer's own methods (`python -m training --help`) that end in an adapter for Generate."""
    done = subprocess.run(
        [sys.executable, "-m", "training", "--help"], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    found = re.search(r"--method \{([\w,-]+)\}", done.stdout)
    known = found[1].split(",") if found else []
    return [name for name in ADAPTER_METHODS if name in known] or list(ADAPTER_METHODS[:1])


def length_of(word: str) -> int:
    return LENGTHS.get(word, LENGTHS[DEFAULT_LENGTH])


def minutes_told(places: Places, length: str) -> str:
    """Steps and minutes, from the pace of this machine's own runs where there are any."""
    steps, pace_s = length_of(length), measured_step_s(places)
    known = "measured on this machine" if pace_s else "a guess for a CPU; a GPU is much faster"
    return status_html(f"{steps} steps, about {max(1, round(steps * (pace_s or USUAL_STEP_S) / 60))} min ({known}).")


def measured_step_s(places: Places) -> float | None:
    """Seconds a step of the newest finished run; None when none is finished."""
    found = sorted(places.runs.glob("*/run.json"), key=lambda path: path.stat().st_mtime)
    for path in reversed(found):
        facts = json.loads(path.read_text(encoding="utf-8"))
        seconds, steps = facts.get("seconds", {}).get("train"), facts.get("settings", {}).get("steps")
        if seconds and steps:
            return seconds / steps
    return None

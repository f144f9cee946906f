"""The fields of Fine-tune's five steps."""

import gradio as gr

from space.parts.status import status_html
from space.store.uploads import HEADERS
from space.teaching.hub_job import FLAVORS
from space.teaching.methods import CHOICES, LONGEST_NAME, METHODS, STANDARD
from space.teaching.permissions import JOB, NOWHERE, Permissions

FIRST_NAME, FIRST_METHOD = "my-sound", "lora"
KEPT_HERE = "There is no token that may write: what you train stays on this machine, in the folder of its run."


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
        self._build_publishing(allowed)
        self.run_buttons = [self.stop, self.resume, self.use]

    def _build_sounds(self):
        gr.Markdown("## 1 · Your sounds")
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=5, min_width=320):
                told = "also the name of the adapter: small letters, digits, hyphens"
                self.name = gr.Textbox(
                    "my-sound", label="Name", info=told, max_length=LONGEST_NAME, elem_id="finetune-name"
                )
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
        first = METHODS[FIRST_METHOD]
        self.method = gr.Radio(CHOICES, value=FIRST_METHOD, label="Method", elem_id="finetune-method")
        with gr.Row():
            self.length = gr.Radio(
                list(first.lengths),
                value=STANDARD,
                label="How long",
                info=first.lengths_told,
                min_width=220,
                elem_id="finetune-length",
            )
            self.trigger = gr.Textbox(
                "",
                label="Trigger word",
                info=first.method.trigger,
                max_length=40,
                min_width=160,
                elem_id="finetune-trigger",
            )
            told = "all clips are this, marked with the trigger word"
            self.kind = gr.Textbox(
                "",
                label="Kind of sound",
                info=told,
                placeholder="a dog barking",
                max_length=100,
                visible=False,
                elem_id="finetune-kind",
            )
            prices = [(f"{name}, ${price:.2f}/h", name) for name, price in FLAVORS.items()]
            self.flavor = gr.Dropdown(
                prices, value="t4-small", label="Hardware of the job", visible=allowed.train == JOB, min_width=160
            )
        self.estimate = gr.HTML(status_html(""), elem_id="finetune-estimate", elem_classes="bare", padding=False)
        with gr.Row():
            self.train = gr.Button("Train", variant="primary", elem_id="finetune-start", scale=3)
            self.stop = gr.Button("Stop", interactive=False, elem_id="finetune-stop")
            self.resume = gr.Button("Resume", interactive=False, elem_id="finetune-resume")
        self.train.visible = allowed.train != NOWHERE
        told = "its progress, samples and publishing are below"
        self.run = gr.Dropdown([], label="Run", info=told, visible=False, elem_id="finetune-run")
        self.progress = gr.HTML(status_html(""), elem_id="finetune-progress", elem_classes="bare", padding=False)
        self.loss = gr.HTML("", elem_id="finetune-loss", elem_classes="bare", padding=False)
        self.log = gr.HTML("", elem_id="finetune-log", elem_classes="bare", padding=False)
        self.timer = gr.Timer(2, active=False)

    def _build_listening(self):
        gr.Markdown("## 4 · Listen before and after")
        self.samples = gr.HTML("", elem_id="finetune-samples", elem_classes="bare", padding=False)
        self.use = gr.Button("Use in Generate", interactive=False, elem_id="finetune-use")

    def _build_publishing(self, allowed: Permissions):
        gr.Markdown("## 5 · Publish")
        with gr.Row():
            told = "USER/NAME; yours and the adapter's name when empty"
            self.repo = gr.Textbox("", label="Repository", info=told, max_length=200, elem_id="finetune-repo")
            self.private = gr.Checkbox(True, label="Private", info="only you can see it")
            self.publish = gr.Button("Publish", elem_id="finetune-publish")
        told = "" if allowed.publish else status_html(KEPT_HERE)
        self.published = gr.HTML(told, elem_id="finetune-published", elem_classes="bare", padding=False)

    def for_method(self, method: str, length: str) -> tuple:
        """Updates of length, trigger word and kind for a method: only what it has is shown."""
        chosen = METHODS[method]
        lengths = gr.Radio(choices=list(chosen.lengths), value=chosen.length(length), info=chosen.lengths_told)
        trigger = gr.Textbox(visible=chosen.method.trigger is not None, info=chosen.method.trigger or "")
        return lengths, trigger, gr.Textbox(visible=chosen.method.asks_kind)

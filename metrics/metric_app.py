"""The one Gradio app that every metric has: files in, the result and the card out."""

from pathlib import Path

import evaluate
import gradio as gr

from metrics.figures import records
from metrics.figures.records import module_record
from spectrogram.problems import UsageProblem

METRICS = Path(__file__).parent
# What each need of a metric becomes: texts, one line a file, as (argument of `compute`, label).
LINES = {
    records.CAPTIONS: ("references", "Captions, one line for each clip in order"),
    records.LABELS: ("labels", "Labels of the generated clips, one line each"),
    records.REFERENCE_LABELS: ("reference_labels", "Labels of the reference clips, one line each"),
}
# Embedders to choose from: those that come with their weights, and for captions one of the Hub.
EMBEDDERS = {
    records.EMBEDDER: ("sd-audio-cnn-v1", "logmel-stats-v1"),
    records.CLASSIFIER: ("sd-audio-cnn-v1",),
    records.CAPTIONS: ("sd-audio-ear-v1", "clap"),
}


def build(name: str):
    """A gradio Blocks that computes the metric of that name on uploaded files."""
    metric, needs = evaluate.load(str(METRICS / name)), module_record(name).needs
    card = (METRICS / name / "README.md").read_text(encoding="utf-8").split("---", 2)[-1]
    with gr.Blocks(title=name) as app:
        gr.Markdown(card)
        fields = {"predictions": _files(gr, "Generated clips")}
        if records.REFERENCE in needs:
            fields["references"] = _files(gr, "Reference clips (equal names make pairs)")
        fields |= {option: gr.Textbox(label=label, lines=4) for option, label in _lines(name).items()}
        if choices := next((them for need, them in EMBEDDERS.items() if need in needs), ()):
            fields["embedder"] = gr.Dropdown(choices, value=choices[0], label="Embedder")
        result = gr.JSON(label="Result")

        def measure(*given):
            try:
                return metric.compute(**arguments_of(name, dict(zip(fields, given, strict=True))))
            except ValueError as problem:
                raise gr.Error(str(problem)) from problem

        gr.Button("Measure", variant="primary").click(measure, list(fields.values()), result)
    return app


def arguments_of(name: str, given: dict) -> dict:
    """What the fields of the app hold, as arguments of `compute`; empty fields are refused by name."""
    empty = [field for field, value in given.items() if not value]
    if empty:
        raise UsageProblem(f"{', '.join(empty)} missing", "every field filled", "add the files or the lines")
    for field in _lines(name):
        given[field] = [line.strip() for line in given[field].splitlines() if line.strip()]
    return given


def _lines(name: str) -> dict[str, str]:
    """{argument of `compute`: label} of the texts that a metric needs, in the order of LINES."""
    needs = module_record(name).needs
    return dict(line for need, line in LINES.items() if need in needs)


def _files(gr, label: str):
    return gr.File(label=label, file_count="multiple", file_types=["audio"])

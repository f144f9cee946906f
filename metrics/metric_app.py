"""The one Gradio app that every metric has: files in, the result and the card out."""

from pathlib import Path

from spectrogram.problems import UsageProblem

METRICS = Path(__file__).parent
EMBEDDERS = ("sd-audio-cnn-v1", "logmel-stats-v1")  # those that come with their weights
TEXT_EMBEDDERS = ("sd-audio-ear-v1", "clap")  # the second one from the Hub
LINES = {  # metric: the texts it needs beside the files, one line a file
    "clap_score": {"references": "Captions, one line for each clip in order"},
    "classification_accuracy_score": {
        "labels": "Labels of the generated clips, one line each",
        "reference_labels": "Labels of the reference clips, one line each",
    },
}
WITHOUT_REFERENCE = ("clap_score", "audio_inception_score")
WITHOUT_EMBEDDER = ("log_spectral_distance",)


def build(name: str):
    """A gradio Blocks that computes the metric of that name on uploaded files."""
    import evaluate
    import gradio as gr

    metric = evaluate.load(str(METRICS / name))
    card = (METRICS / name / "README.md").read_text(encoding="utf-8").split("---", 2)[-1]
    with gr.Blocks(title=name) as app:
        gr.Markdown(card)
        fields = {"predictions": _files(gr, "Generated clips")}
        if name not in WITHOUT_REFERENCE:
            fields["references"] = _files(gr, "Reference clips (equal names make pairs)")
        for option, label in LINES.get(name, {}).items():
            fields[option] = gr.Textbox(label=label, lines=4)
        if name not in WITHOUT_EMBEDDER:
            choices = TEXT_EMBEDDERS if name == "clap_score" else EMBEDDERS
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
    for field in LINES.get(name, {}):
        given[field] = [line.strip() for line in given[field].splitlines() if line.strip()]
    return given


def _files(gr, label: str):
    return gr.File(label=label, file_count="multiple", file_types=["audio"])

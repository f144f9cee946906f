"""The one Gradio app that every metric has: two sets of files in, the result and the card out."""

from pathlib import Path

from metrics.embedders.registry import NAMES

METRICS = Path(__file__).parent
WITHOUT_WEIGHTS = ("sd-audio-cnn-v1", "logmel-stats-v1")


def build(name: str):
    """A gradio Blocks that computes the metric of that name on uploaded files."""
    import evaluate
    import gradio as gr

    metric = evaluate.load(str(METRICS / name))
    card = (METRICS / name / "README.md").read_text(encoding="utf-8").split("---", 2)[-1]

    def measure(predictions, references, embedder):
        if not predictions or not references:
            raise gr.Error("Both sets are needed: add generated and reference clips.")
        options = {} if name == "log_spectral_distance" else {"embedder": embedder}
        try:
            return metric.compute(predictions=predictions, references=references, **options)
        except ValueError as problem:
            raise gr.Error(str(problem)) from problem

    with gr.Blocks(title=name) as app:
        gr.Markdown(card)
        with gr.Row():
            files = [
                gr.File(label=label, file_count="multiple", file_types=["audio"])
                for label in ("Generated clips", "Reference clips (equal names make pairs)")
            ]
        embedder = gr.Dropdown(
            [known for known in NAMES if known in WITHOUT_WEIGHTS], value=WITHOUT_WEIGHTS[0], label="Embedder"
        )
        result = gr.JSON(label="Result")
        gr.Button("Measure", variant="primary").click(measure, [*files, embedder], result)
    return app

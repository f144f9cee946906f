"""The fields of the four edits, one group each; only the group of the chosen edit is shown."""

import gradio as gr

from space.parts.fields import strength_field
from space.parts.painting import Painting
from space.parts.regions import CANVAS
from spectrogram.params import SpectrogramParams
from spectrogram.problems import UsageProblem
from spectrogram.prompts.ranges import parse_range

FIRST_EVENTS = "0-3 rain falling\n2.5-5 a dog barking"
MOST_EVENTS = 12
LONGEST_TIMELINE_S = 30.0


class EditFields:
    """`inputs` hold the values, `groups` the columns in the order Repaint, Extend, Loop, Timeline."""

    def __init__(self, params: SpectrogramParams):
        self.params = params
        with gr.Column(visible=True) as repaint:
            self._build_repaint()
        with gr.Column(visible=False) as extend, gr.Row():
            self.more = gr.Slider(0.5, 10, 3, step=0.1, label="Seconds to add", min_width=160)
            self.side = gr.Radio(["after the end", "before the beginning"], value="after the end", label="Where")
        with gr.Column(visible=False) as loop:
            told = "how much around the ends is painted anew"
            self.seam = gr.Slider(0.1, 4, 1, step=0.1, label="Seam in seconds", info=told)
        with gr.Column(visible=False) as timeline:
            self.events_text = gr.Textbox(
                FIRST_EVENTS,
                label="Timeline",
                info="one line each: from-to in seconds, then what is heard. Lines may overlap.",
                lines=4,
                max_lines=MOST_EVENTS,
                max_length=4000,
                elem_id="edit-events",
            )
        self.groups = [repaint, extend, loop, timeline]
        self.region = [self.start, self.end, self.low, self.high]
        self.inputs = [self.painting, *self.region, self.strength, self.more, self.side, self.seam, self.events_text]

    def _build_repaint(self):
        self.canvas = gr.ImageMask(
            type="pil",
            format="png",
            layers=False,
            transforms=(),
            sources=(),
            canvas_size=CANVAS,
            fixed_canvas=True,
            height=260,
            brush=gr.Brush(colors=["#ffffff"], color_mode="fixed", default_size=24),
            label="Paint what shall change",
            elem_id="edit-canvas",
        )
        self.painting = gr.State(Painting())
        with gr.Row():
            self.start, self.end = (self._number(name, f"{name} (s)", 0.1) for name in ("From", "To"))
            self.low, self.high = (self._number(name, f"{name}est Hz", 50, "all") for name in ("Low", "High"))
        self.strength = strength_field(1, "1 paints it from nothing, less keeps some of what was there")

    @staticmethod
    def _number(name: str, label: str, step: float, placeholder: str | None = None) -> gr.Number:
        return gr.Number(
            None,
            label=label,
            minimum=0,
            step=step,
            min_width=90,
            elem_id=f"edit-{name.lower()}",
            placeholder=placeholder,
        )

    def read(self, values: tuple) -> dict:
        painting, start_s, end_s, low_hz, high_hz, strength, more_s, side, seam_s, events = values
        return {
            "painting": painting,
            "region": (start_s, end_s, low_hz, high_hz),
            "strength": strength,
            "more_s": more_s,
            "before": side == "before the beginning",
            "seam_s": seam_s,
            "events": events,
        }

    def events(self, text: str) -> list[tuple[float, float, str]]:
        """The events of the timeline's lines. Raises UsageProblem that names a wrong line."""
        lines = [line for line in (text or "").splitlines() if line.strip()]
        if not 1 <= len(lines) <= MOST_EVENTS:
            raise UsageProblem(
                f"the timeline has {len(lines)} lines", f"1 to {MOST_EVENTS}", "write '0-4 rain falling'"
            )
        events = [parse_range(line.strip(), "s") for line in lines]
        for start_s, end_s, prompt in events:
            if not start_s < end_s <= LONGEST_TIMELINE_S:
                raise UsageProblem(
                    f"“{prompt}” goes from {start_s:g} to {end_s:g} s",
                    f"from before to, within {LONGEST_TIMELINE_S:g} s",
                    "correct its times",
                )
        return events

    def restore(self, settings: dict) -> dict:
        """Updates from what a recipe's settings hold; what they do not hold stays. Raises UsageProblem."""
        names = {"start_s": self.start, "end_s": self.end, "low_hz": self.low, "high_hz": self.high}
        names |= {"strength": self.strength, "seconds": self.more, "seam_s": self.seam}
        updates = {field: settings[name] for name, field in names.items() if name in settings}
        if "start_s" in settings:
            updates |= self._restore_region(settings)
        if "side" in settings:
            updates[self.side] = "before the beginning" if settings["side"] == "left" else "after the end"
        if "events" in settings:
            lines = [f"{start_s:g}-{end_s:g} {prompt}" for start_s, end_s, prompt in settings["events"]]
            updates[self.events_text] = "\n".join(lines)
        return updates

    def _restore_region(self, settings: dict) -> dict:
        """The strokes and their numbers; of a recipe without strokes (True: they did not fit into a link) the box."""
        mask = settings.get("mask")
        if not isinstance(mask, str):
            return {self.painting: Painting(restored=True)}
        painting = Painting.read(mask, self.params)
        return {self.painting: painting, **dict(zip(self.region, painting.region, strict=True))}

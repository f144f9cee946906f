"""What each verb must keep of a sound whatever the weights are, measured on a model that has learned nothing.

Each function runs one verb and returns figures: samples and SNR outside what was painted, levels, seams, seeds.
"""

import numpy as np

from benchmarks.pipeline.verbs import NEAR_S, RATE_HZ, _seam_rank, level_db
from benchmarks.pipeline.verbs import recording as synthesised


class Verbs:
    """The verbs of one pipeline over a recording as long as its picture: two channels, tones in noise."""

    def __init__(self, pipeline, steps: int):
        self.pipeline, self.clip_s = pipeline, pipeline.params.clip_seconds
        self.how = {"num_inference_steps": steps, "guidance_scale": 1.0, "seed": 1}
        self.source = {"sampling_rate": RATE_HZ, **self.how}
        self.audio = self._recording(self.clip_s)

    def all(self) -> dict:
        """{name: function that returns figures}."""
        half_s, how = self.clip_s / 2, self.how
        events, bands = [(0, half_s, "rain"), (half_s, self.clip_s, "wind")], [(0, 800, "rain"), (800, 20000, "wind")]
        pipeline = self.pipeline
        return {
            "generate, guided, weighted words": self.generate,
            "inpaint a stretch": self.inpaint,
            "inpaint a band": self.inpaint_band,
            "inpaint by a painted mask": self.inpaint_mask,
            "transform": self.transform,
            "extend right": lambda: self.extend("right"),
            "extend left": lambda: self.extend("left"),
            "loop": self.loop,
            "generate 2.5 pictures in windows": self.windows,
            "schedule": lambda: self.lasts(pipeline("[rain:wind:0.5]", **how | {"num_inference_steps": 2})),
            "morph": self.morph,
            "timeline": lambda: self.lasts(pipeline.timeline(events, **how)),
            "mix": lambda: self.lasts(pipeline.mix(bands, **how)),
            "variations": self.variations,
            "stereo": self.stereo,
            "upscale": lambda: self.lasts(pipeline.upscale(self.audio, 2, sampling_rate=RATE_HZ)),
        }

    def lasts(self, output, seconds: float | None = None) -> dict:
        wanted = self.clip_s if seconds is None else seconds
        length_s = output.audios.shape[-1] / output.sampling_rate
        return {"length_off_s": round(abs(length_s - wanted), 4), "finite": bool(np.isfinite(output.audios).all())}

    def generate(self) -> dict:
        guided = {**self.how, "guidance_scale": 7.5, "negative_prompt": "hum"}
        first, again = (self.pipeline("(rain:1.2) on a [tin] roof", **guided) for _ in range(2))
        other = self.pipeline("(rain:1.2) on a [tin] roof", **guided | {"seed": 2})
        return {
            **self.lasts(first),
            "seed_repeats": bool(np.array_equal(first.audios, again.audios)),
            "other_seed_differs": not np.array_equal(first.audios, other.audios),
        }

    def inpaint(self) -> dict:
        start_s, end_s = self.clip_s / 3, 2 * self.clip_s / 3
        painted, again = (
            self.pipeline.inpaint(self.audio, "rain", start_s, end_s, **self.source).audios[0] for _ in range(2)
        )
        return {**self._kept(painted, start_s, end_s), "seed_repeats": bool(np.array_equal(painted, again))}

    def inpaint_band(self) -> dict:
        start_s, end_s = self.clip_s / 3, 2 * self.clip_s / 3
        painted = self.pipeline.inpaint(self.audio, "rain", start_s, end_s, 1000, 2500, **self.source).audios[0]
        inside = slice(round(start_s * RATE_HZ), round(end_s * RATE_HZ))
        window = np.hanning(inside.stop - inside.start)
        frequency_hz = np.fft.rfftfreq(len(window), 1 / RATE_HZ)
        beyond = (frequency_hz < 1000 / 2 ** (1 / 12)) | (frequency_hz > 2500 * 2 ** (1 / 12))
        change, original = (
            (np.abs(np.fft.rfft(x[0, inside] * window)) ** 2)[beyond].sum() for x in (painted - self.audio, self.audio)
        )
        snr_db = float(10 * np.log10(original / (change + 1e-30)))
        return {**self._kept(painted, start_s, end_s), "snr_beyond_the_band_db": snr_db}

    def inpaint_mask(self) -> dict:
        columns = self.pipeline.params.columns
        mask = np.zeros((512, columns), bool)
        mask[100:300, columns // 3 : 2 * columns // 3] = True
        painted = self.pipeline.inpaint(self.audio, "rain", mask=mask, **self.source).audios[0]
        return self._kept(painted, self.clip_s / 3 - 0.1, 2 * self.clip_s / 3 + 0.1)

    def transform(self) -> dict:
        first, again = (self.pipeline.transform(self.audio, "rain", 1.0, **self.source) for _ in range(2))
        return {**self.lasts(first), "seed_repeats": bool(np.array_equal(first.audios, again.audios))}

    def extend(self, side: str) -> dict:
        seconds, kept = self.clip_s / 2, self.audio.shape[1]
        longer = self.pipeline.extend(self.audio, "rain", seconds, side, **self.source)
        near, feather = min(round(NEAR_S * RATE_HZ), kept), round(0.1 * RATE_HZ)
        sound = longer.audios[0] if side == "right" else longer.audios[0][:, ::-1]
        audio = self.audio if side == "right" else self.audio[:, ::-1]
        exact = np.array_equal(sound[:, : kept - feather], audio[:, : kept - feather])
        difference_db = level_db(sound[:, kept:]) - level_db(audio[:, -near:])
        return {**self.lasts(longer, 1.5 * self.clip_s), "exact_outside": exact, "level_difference_db": difference_db}

    def loop(self) -> dict:
        audio = synthesised("sea_waves", self.clip_s)
        looped = self.pipeline.loop(audio, "sea waves", 1.0, **self.source).audios[0]
        rank, step = _seam_rank(looped[0])
        return {"seam_rank_among_own_changes": rank, "sample_step_over_largest": step}

    def windows(self) -> dict:
        return self.lasts(self.pipeline("rain", seconds=2.5 * self.clip_s, **self.how), 2.5 * self.clip_s)

    def morph(self) -> dict:
        output = self.pipeline.morph(["rain", "the bell"], 3, end_seed=5, **self.how)
        away = [float(np.abs(np.asarray(output.images[0], float) - np.asarray(x, float)).mean()) for x in output.images]
        return {**self.lasts(output), "clips": len(away), "pixels_farther_each": bool(np.all(np.diff(away) > 0))}

    def variations(self) -> dict:
        parent = self.pipeline("rain", **self.how)
        how = self.how | {"seed": 9}
        near, far = (self.pipeline.variations(parent, count=1, amount=amount, **how) for amount in (0.2, 1.0))
        apart = [
            np.abs(np.asarray(x.images[0], float) - np.asarray(parent.images[0], float)).mean() for x in (near, far)
        ]
        return {**self.lasts(near), "pixels_off_at_0.2": float(apart[0]), "pixels_off_at_1": float(apart[1])}

    def stereo(self) -> dict:
        output = self.pipeline.stereo("rain", **self.how)
        left, right = output.audios[0]
        side_db = level_db(left - right) - level_db(left + right)
        return {**self.lasts(output), "channels": output.audios.shape[1], "side_under_middle_db": side_db}

    def _kept(self, painted: np.ndarray, start_s: float, end_s: float) -> dict:
        """Whether the samples outside a stretch of time are the recording's, and how much changed inside it."""
        first, last = round(start_s * RATE_HZ), round(end_s * RATE_HZ)
        outside = np.r_[:first, last : self.audio.shape[1]]
        change_db = level_db((painted - self.audio)[:, first:last]) - level_db(self.audio[:, first:last])
        exact = bool(np.array_equal(painted[:, outside], self.audio[:, outside]))
        return {"exact_outside": exact, "change_inside_db": change_db}

    def _recording(self, seconds: float) -> np.ndarray:
        random, time_s = np.random.default_rng(0), np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        tones = np.stack([0.2 * np.sin(2 * np.pi * hertz * time_s) for hertz in (440, 3000)])
        return (tones + random.normal(0, 0.02, tones.shape)).astype(np.float32)

"""What each verb keeps and what it makes, measured on sound: the embedded base and synthesised recordings.

Levels in dB, changes as distances of 10 ms log-mel frames (dB, RMS over bands), so a click counts as it is heard.
"""

import numpy as np

from dataset_builder.soundscapes.composer import RATE_HZ, render_event
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE
from metrics import judge
from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams

STEADY = ("rain", "wind", "stream", "crackling_fire", "engine", "helicopter", "chainsaw", "sea_waves")
EVENTS = ("dog_bark", "siren", "church_bells", "birdsong", "clapping", "alarm_beep")
PAIRS = (
    ("rain", "siren"),
    ("wind", "church_bells"),
    ("engine", "dog_bark"),
    ("stream", "telephone"),
    ("engine", "clapping"),
    ("sea_waves", "birdsong"),
    ("crickets", "thunder"),
    ("chainsaw", "rooster"),
)
FRAME_S = 0.01
NEAR_S = 2.56


def recording(label: str, seconds: float, number: int = 0) -> np.ndarray:
    """A synthesised recording (1, samples) at RATE_HZ that no model was trained on."""
    audio = render_event(np.random.default_rng([77_000, number]), label, seconds)[0]
    return np.clip(audio[None], -1, 1).astype(np.float32)


def phrase(label: str) -> str:
    return CATALOGUE[label].phrases[0]


def level_db(audio: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-20))


def measure_inpaint(pipeline, labels) -> dict:
    """SNR outside a repainted stretch, band and painted mask, against the recording, beyond each one's feather."""
    rows = []
    for number, label in enumerate(labels):
        audio, settings = recording(label, 8.0, number), {"sampling_rate": RATE_HZ, "seed": number}
        prompt = phrase(EVENTS[number % len(EVENTS)])
        times = pipeline.inpaint(audio, prompt, 3.0, 4.5, **settings).audios[0]
        band = pipeline.inpaint(audio, prompt, 2.0, 6.0, low_hz=1000, high_hz=3000, **settings).audios[0]
        inside = slice(round(3.04 * RATE_HZ), round(4.46 * RATE_HZ))
        outside = np.r_[: 3 * RATE_HZ, 9 * RATE_HZ // 2 : audio.shape[1]]
        rows.append(
            {
                "exact_samples_outside": float(np.mean(times[:, outside] == audio[:, outside])),
                "change_inside_db": level_db((times - audio)[:, inside]) - level_db(audio[:, inside]),
                "snr_outside_band_db": _snr_outside_band(audio, band),
            }
        )
    return {
        "clips": len(rows),
        "exact_samples_outside_the_times": min(row["exact_samples_outside"] for row in rows),
        "least_snr_outside_the_band_db": min(row["snr_outside_band_db"] for row in rows),
        "median_change_inside_db": float(np.median([row["change_inside_db"] for row in rows])),
    }


def _snr_outside_band(audio, painted) -> float:
    """Energy of the recording over that of the change, between 2 and 6 s, beyond a semitone around 1 to 3 kHz."""
    part = slice(2 * RATE_HZ, 6 * RATE_HZ)
    window = np.hanning(part.stop - part.start)
    frequency_hz = np.fft.rfftfreq(len(window), 1 / RATE_HZ)
    outside = (frequency_hz < 1000 / 2 ** (1 / 12)) | (frequency_hz > 3000 * 2 ** (1 / 12))
    change, original = (np.abs(np.fft.rfft(x[0, part] * window))[outside] ** 2 for x in (painted - audio, audio))
    return float(10 * np.log10(original.sum() / (change.sum() + 1e-30)))


def measure_loop(pipeline, labels) -> dict:
    """How the change across the seam ranks among the clip's own changes, after and before the loop was made."""
    rows = []
    for number, label in enumerate(labels):
        audio = recording(label, 6.0, 100 + number)
        looped = pipeline.loop(audio, phrase(label), sampling_rate=RATE_HZ, seed=number).audios[0]
        rows.append([*_seam_rank(looped[0]), *_seam_rank(audio[0])])
    after, step, before, _ = np.array(rows).T
    return {
        "clips": len(rows),
        "seam_rank_median": float(np.median(after)),
        "seam_rank_worst": float(after.max()),
        "sample_step_over_clips_largest_worst": float(step.max()),
        "seam_rank_before_median": float(np.median(before)),
    }


def _seam_rank(audio: np.ndarray) -> tuple[float, float]:
    """(share of the clip's own frame-to-frame changes that the seam's does not exceed: 1 is louder than all,
    step from the last to the first sample over the clip's largest step)."""
    frames = log_mel_frames(np.concatenate([audio, audio[: RATE_HZ // 2]]))
    change = np.sqrt(np.mean(np.diff(frames, axis=0) ** 2, axis=1))
    seam = round(len(audio) / RATE_HZ / FRAME_S)
    at_seam, own = change[seam - 2 : seam + 2].max(), change[: seam - 4]
    own = np.lib.stride_tricks.sliding_window_view(own, 4).max(axis=1)
    return float(np.mean(own < at_seam)), float(abs(audio[0] - audio[-1]) / np.abs(np.diff(audio)).max())


def log_mel_frames(audio: np.ndarray) -> np.ndarray:
    """(frames of 10 ms, 64 bands) in dB, floored 60 dB under the loudest: bands of equal mel width, window 40 ms."""
    grid = SpectrogramParams(RATE_HZ, 10.0, 40.0, 64, 0.0, RATE_HZ / 2, 64)
    levels = SpectrogramCodec(grid).levels(audio[None].astype(np.float32))[0].T
    return 20 * np.log10(np.maximum(levels, levels.max() / 1000))


def measure_extend(pipeline, labels) -> dict:
    """Level of what was added against the nearest 2.56 s of the recording, right and left, and the step at the join."""
    differences, joins = [], []
    for number, label in enumerate(labels):
        audio = recording(label, 4.0, 200 + number)
        for side in ("right", "left"):
            output = pipeline.extend(audio, phrase(label), 2.5, side, sampling_rate=RATE_HZ, seed=number).audios[0]
            kept = audio.shape[1]
            added = output[:, kept:] if side == "right" else output[:, :-kept]
            near = audio[:, -round(NEAR_S * RATE_HZ) :] if side == "right" else audio[:, : round(NEAR_S * RATE_HZ)]
            differences.append(level_db(added) - level_db(near))
            turned = output[0] if side == "right" else output[0, ::-1]
            joins.append(level_db(turned[kept : kept + RATE_HZ // 2]) - level_db(turned[kept - RATE_HZ // 2 : kept]))
    sizes = np.abs(differences)
    return {
        "clips": len(sizes),
        "level_difference_median_db": float(np.median(sizes)),
        "level_difference_worst_db": float(sizes.max()),
        "within_1_db": float(np.mean(sizes <= 1)),
        "half_second_step_at_join_median_db": float(np.median(np.abs(joins))),
    }


def embed(audio: np.ndarray, rate_hz: int) -> np.ndarray:
    """The judge's 192 numbers for mono audio."""
    return judge._judge().analyse(judge._mono(audio, rate_hz)).rows[0]


def measure_timeline(pipeline, pairs) -> dict:
    """How often the judge hears each label in its own region, beside plain clips of the same prompts."""
    heard, wanted, plain = [], [], []
    for number, pair in enumerate(pairs):
        events = [(0.0, 5.12, phrase(pair[0])), (5.12, 10.24, phrase(pair[1]))]
        output = pipeline.timeline(events, seed=number)
        half = output.audios.shape[-1] // 2
        regions = [output.audios[0][:, :half], output.audios[0][:, half:]]
        clips = list(pipeline([text for *_, text in events], seed=number).audios)
        heard += judge.classify(regions, output.sampling_rate)[0]
        plain += judge.classify(clips, output.sampling_rate)[0]
        wanted += pair
    right, also = (np.array([label == want for label, want in zip(row, wanted, strict=True)]) for row in (heard, plain))
    wrong = [f"{want} heard as {label}" for label, want in zip(heard, wanted, strict=True) if label != want]
    return {
        "regions": len(wanted),
        "label_found_in_its_region": float(right.mean()),
        "plain_clips_of_the_same_prompts": float(also.mean()),
        "missed": wrong,
    }


def measure_long(pipeline, labels, seconds: float = 20.0) -> dict:
    """A long clip judged in pieces of the model's own length, and its seams against its own changes."""
    hits, spread = [], []
    for number, label in enumerate(labels):
        output = pipeline(phrase(label), seconds=seconds, seed=number)
        size = pipeline.params.clip_samples
        pieces = [output.audios[0][:, at : at + size] for at in range(0, output.audios.shape[-1] - size + 1, size)]
        hits += [heard == label for heard in judge.classify(pieces, output.sampling_rate)[0]]
        spread.append(np.ptp([level_db(piece) for piece in pieces]))
    return {
        "pieces": len(hits),
        "label_found_in_each_piece": float(np.mean(hits)),
        "level_spread_median_db": float(np.median(spread)),
    }


def measure_seeds(pipeline) -> dict:
    """Whether equal seeds give equal samples, and other seeds others, for generation and each verb."""
    audio = recording("rain", 4.0)
    base = {"sampling_rate": RATE_HZ, "num_inference_steps": 4}
    verbs = {
        "generate": lambda seed: pipeline("rain", seed=seed, num_inference_steps=4),
        "transform": lambda seed: pipeline.transform(audio, "wind", 0.5, seed=seed, **base),
        "inpaint": lambda seed: pipeline.inpaint(audio, "wind", 1, 2, seed=seed, **base),
        "extend": lambda seed: pipeline.extend(audio, "rain", 1.0, seed=seed, **base),
        "loop": lambda seed: pipeline.loop(audio, "rain", seed=seed, **base),
        "morph": lambda seed: pipeline.morph(["rain", "wind"], 2, seed=seed, num_inference_steps=4),
        "timeline": lambda seed: pipeline.timeline([(0, 2, "rain"), (2, 4, "wind")], seed=seed, num_inference_steps=4),
    }
    again = {name: np.array_equal(verb(3).audios, verb(3).audios) for name, verb in verbs.items()}
    other = {name: not np.array_equal(verb(3).audios, verb(4).audios) for name, verb in verbs.items()}
    return {"verbs": len(verbs), "repeat_exactly": all(again.values()), "differ_by_seed": all(other.values())}

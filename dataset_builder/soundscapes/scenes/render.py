"""Scenes as sound: sources changed in pitch, length and distance, set to their level, and where they really sound."""

from __future__ import annotations

from pathlib import PurePath

import numpy as np

from dataset_builder.soundscapes.labels import Event
from dataset_builder.soundscapes.scenes.bank import Sound
from dataset_builder.soundscapes.scenes.places import LAYOUTS, METRES, Place, around, placed_in
from dataset_builder.soundscapes.scenes.scene import Layer, Scene, behind
from dataset_builder.soundscapes.synthesis.signals import RATE_HZ, reverberate
from spectrogram.files.audio import resample

WINDOW, HOP = 2048, 512
FADE_S, LOOP_FADE_S = 0.01, 0.25
NOISE_DB = -75.0
FAR_CUTOFF_HZ, FAR_DB = 4000.0, -6.0


def rendered(scene: Scene) -> tuple[np.ndarray, list[Event]]:
    """Float32 in [-1, 1] of the scene's length and rate, and its events in the order of their onsets.

    Mono is (samples,); other layouts are (channels, samples), see ``places``.
    """
    rng = np.random.default_rng([*scene.seed, 1])
    length = round(scene.seconds * scene.rate_hz)
    mix = 10 ** (NOISE_DB / 20) * rng.standard_normal((LAYOUTS[scene.layout], length))
    if scene.background:
        behind = at_level(looped(scene.background, rng, length, scene.rate_hz), scene.background_db)
        mix += around(scene.layout, behind, scene.rate_hz)
    events = []
    for layer in scene.layers:
        audio = changed(layer, rng, scene.rate_hz)
        start = round(layer.onset_s * scene.rate_hz)
        audio = at_level(audio, scene.background_db + layer.snr_db)[: length - start]
        place = Place(layer.azimuth_deg or 0.0, METRES[layer.distance])
        mix[:, start : start + len(audio)] += placed_in(scene.layout, audio, place, scene.rate_hz)
        events.append(event_of(layer, round(layer.onset_s + len(audio) / scene.rate_hz, 3)))
    mix /= max(1.0, float(np.abs(mix).max()))
    mix = mix[0] if scene.layout == "mono" else mix
    return mix.astype(np.float32), sorted(events, key=lambda event: event.onset_s)


def event_of(layer: Layer, offset_s: float) -> Event:
    """The strong label of a layer: what it is, when it sounds, and the numbers that it was changed by."""
    facts = {"source_file": PurePath(layer.sound.path).name, "source_time": layer.sound.start_s, "snr_db": layer.snr_db}
    facts |= {"pitch_semitones": layer.pitch_semitones, "stretch": layer.stretch, "distance": layer.distance}
    facts["phrase"] = layer.phrase
    if layer.azimuth_deg is not None:
        facts |= {"azimuth_deg": layer.azimuth_deg, "distance_m": METRES[layer.distance]}
    return Event(layer.sound.label, layer.onset_s, offset_s, facts=facts)


def background_event(scene: Scene) -> list[Event]:
    """The background as an event of the whole scene, none where there is near silence."""
    if not scene.background:
        return []
    facts = {"source_file": PurePath(scene.background.path).name, "source_time": 0.0}
    facts["phrase"] = behind(scene.background, "")
    return [Event(scene.background.label, 0.0, scene.seconds, role="background", facts=facts)]


def changed(layer: Layer, rng: np.random.Generator, rate_hz: int) -> np.ndarray:
    """The event's own sound with its pitch, length and distance, faded at both ends."""
    ratio = 2 ** (layer.pitch_semitones / 12)
    audio = layer.sound.read(rng, layer.seconds / layer.stretch, rate_hz).astype(np.float64)
    if layer.pitch_semitones or layer.stretch != 1:
        wanted = round(len(audio) * layer.stretch)
        longer = stretched(audio, layer.stretch * ratio)
        audio = longer if ratio == 1 else resampled(longer, round(rate_hz * ratio), rate_hz)
        audio = audio[:wanted]
    if layer.distance:
        audio = placed(audio, layer.distance, rng, rate_hz)
    fade = min(len(audio) // 2, round(FADE_S * rate_hz))
    ramp = np.ones(len(audio))
    if fade:
        ramp[:fade], ramp[-fade:] = np.linspace(0, 1, fade), np.linspace(1, 0, fade)
    return audio * ramp


def resampled(audio: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    return resample(audio[None].astype(np.float32), from_hz, to_hz)[0].astype(np.float64)


def stretched(audio: np.ndarray, factor: float) -> np.ndarray:
    """The sound ``factor`` times as long at the same pitch: a phase vocoder (Flanagan & Golden 1966)."""
    if factor == 1 or len(audio) < WINDOW:
        return audio
    window = np.hanning(WINDOW)
    padded = np.pad(audio, (WINDOW // 2, WINDOW + HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    spectra = np.fft.rfft(frames * window)
    places = np.arange(0, len(spectra) - 1, 1 / factor)
    advance = 2 * np.pi * HOP * np.arange(WINDOW // 2 + 1) / WINDOW
    phase, out = np.angle(spectra[0]), np.zeros(len(places) * HOP + WINDOW)
    weight = np.zeros(len(out))
    for number, place in enumerate(places):
        one, other = spectra[int(place)], spectra[int(place) + 1]
        share = place - int(place)
        size = (1 - share) * np.abs(one) + share * np.abs(other)
        out[number * HOP :][:WINDOW] += window * np.fft.irfft(size * np.exp(1j * phase))
        weight[number * HOP :][:WINDOW] += window**2
        turn = np.angle(other) - np.angle(one) - advance
        phase = phase + advance + turn - 2 * np.pi * np.round(turn / (2 * np.pi))
    length = round(len(audio) * factor)
    return (out / np.maximum(weight, 1e-3))[WINDOW // 2 :][:length]


def placed(audio: np.ndarray, distance: str, rng: np.random.Generator, rate_hz: int) -> np.ndarray:
    """Near: almost dry.  Far: in a large room, without its treble, softer."""
    decay_s, wet = (0.15, 0.05) if distance == "near" else (0.9, 0.7)
    # The room is made at the rate of the synthesis, as its decay is counted there.
    audio = reverberate(rng, audio, decay_s * rate_hz / RATE_HZ, wet)
    if distance == "near":
        return audio
    spectrum = np.fft.rfft(audio)
    hz = np.fft.rfftfreq(len(audio), 1 / rate_hz)
    return np.fft.irfft(spectrum / np.sqrt(1 + (hz / FAR_CUTOFF_HZ) ** 4), len(audio)) * 10 ** (FAR_DB / 20)


def looped(sound: Sound, rng: np.random.Generator, length: int, rate_hz: int) -> np.ndarray:
    """A background of ``length`` samples: a part of a long recording, a short one repeated with cross-fades."""
    audio = sound.read(rng, length / rate_hz, rate_hz).astype(np.float64)
    if not len(audio):
        return np.zeros(length)
    fade = min(len(audio) // 2, round(LOOP_FADE_S * rate_hz))
    out = audio
    while len(out) < length:
        ramp = np.linspace(0, 1, fade)
        seam = out[len(out) - fade :] * np.sqrt(1 - ramp) + audio[:fade] * np.sqrt(ramp)
        out = np.concatenate([out[: len(out) - fade], seam, audio[fade:]])
    return out[:length]


def at_level(audio: np.ndarray, rms_db: float) -> np.ndarray:
    """The sound at an RMS level over its louder half (frames of 20 ms), so that pauses do not make it loud."""
    frames = audio[: len(audio) // 480 * 480].reshape(-1, 480)
    if not len(frames):
        return audio
    power = np.sort(np.mean(frames**2, axis=1))[-max(1, len(frames) // 2) :].mean()
    return audio * 10 ** (rms_db / 20) / np.sqrt(power) if power > 0 else audio

"""Strong labels of a scene: its JAMS document and its rows of a csv, in seconds from the beginning of the clip."""

from __future__ import annotations

from pathlib import PurePath

from dataset_builder.soundscapes.jams import jams
from dataset_builder.soundscapes.scenes.render import Event
from dataset_builder.soundscapes.scenes.scene import Scene


def csv_rows(scene: Scene, events: list[Event]) -> list[dict]:
    """One row for each event, the background first."""
    rows = [row(event) for event in events]
    if scene.background:
        whole = {"onset_s": 0.0, "offset_s": scene.seconds, "label": scene.background.label, "role": "background"}
        rows.insert(0, whole)
    return rows


def row(event: Event) -> dict:
    layer = event.layer
    return {
        "onset_s": event.onset_s,
        "offset_s": event.offset_s,
        "label": layer.sound.label,
        "role": "foreground",
        "snr_db": layer.snr_db,
        "pitch_semitones": layer.pitch_semitones,
        "stretch": layer.stretch,
        "distance": layer.distance,
    }


def jams_of(file_name: str, scene: Scene, events: list[Event]) -> dict:
    """The JAMS document of a scene."""
    observations = [observation(event) for event in events]
    if scene.background:
        value = {"label": scene.background.label, "source_file": PurePath(scene.background.path).name}
        value |= {"event_time": 0.0, "event_duration": scene.seconds, "source_time": 0.0, "snr": 0.0}
        value |= {"role": "background", "pitch_shift": None, "time_stretch": None}
        observations.insert(0, {"time": 0.0, "duration": scene.seconds, "value": value, "confidence": 1.0})
    return jams(file_name, scene.seconds, observations, {"captions": list(scene.captions), "seed": list(scene.seed)})


def observation(event: Event) -> dict:
    layer, duration = event.layer, round(event.offset_s - event.onset_s, 3)
    value = {
        "label": layer.sound.label,
        "source_file": PurePath(layer.sound.path).name,
        "source_time": layer.sound.start_s,
        "event_time": event.onset_s,
        "event_duration": duration,
        "snr": layer.snr_db,
        "role": "foreground",
        "pitch_shift": layer.pitch_semitones,
        "time_stretch": layer.stretch,
    }
    return {"time": event.onset_s, "duration": duration, "value": value, "confidence": 1.0}

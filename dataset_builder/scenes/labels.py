"""Strong labels of a scene: a JAMS document (namespaces scaper and segment_open) and rows of a csv.

JAMS: Humphrey et al., ISMIR 2014, schema 0.3.  Times and durations in seconds from the beginning of the clip.
"""

from __future__ import annotations

from pathlib import PurePath

from dataset_builder.scenes.render import Event
from dataset_builder.scenes.scene import Scene

COLUMNS = ("file_name", "onset_s", "offset_s", "label", "role", "snr_db", "pitch_semitones", "stretch", "distance")
JAMS_VERSION = "0.3.4"
TOOLS = "sd-audio-spectrograms soundscapes"


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


def jams(file_name: str, seconds: float, observations: list[dict], sandbox: dict) -> dict:
    """A JAMS document of observations whose values hold a label: once with all facts, once with labels alone."""
    labels = [one | {"value": one["value"]["label"]} for one in observations]
    return {
        "annotations": [
            annotation("scaper", seconds, observations, sandbox),
            annotation("segment_open", seconds, labels, {}),
        ],
        "file_metadata": {
            "title": file_name,
            "artist": "",
            "release": "",
            "duration": seconds,
            "identifiers": {},
            "jams_version": JAMS_VERSION,
        },
        "sandbox": {},
    }


def annotation(namespace: str, seconds: float, data: list[dict], sandbox: dict) -> dict:
    about = {"curator": {"name": "", "email": ""}, "annotator": {}, "version": "1", "corpus": "", "validation": ""}
    about |= {"annotation_tools": TOOLS, "annotation_rules": "", "data_source": "program"}
    facts = {"namespace": namespace, "data": data, "annotation_metadata": about, "sandbox": sandbox}
    return facts | {"time": 0.0, "duration": seconds}

"""Strong labels of a composed sound: one event each, as rows of a csv and as a JAMS documents.

Times as they were asked for, and as they are measured in the mixed sound, with the band of frequencies.

JAMS: Humphrey et al., ISMIR 2014, schema 0.3, namespaces scaper and segment_open.  Times and durations in seconds from
the beginning of the clip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from spectrogram.files.annotations import Annotation
from spectrogram.files.texts import jams as documents
from spectrogram.verbs.measured import measured

MEASURED = ("measured_onset_s", "measured_offset_s", "low_hz", "high_hz")
COLUMNS = ("file_name", "onset_s", "offset_s", "label", "role", "snr_db", "pitch_semitones", "stretch", "distance")
COLUMNS += (*MEASURED, "azimuth_deg", "distance_m")
# What scaper calls the numbers of an event.
SCAPER = {"snr_db": "snr", "pitch_semitones": "pitch_shift", "stretch": "time_stretch"}


@dataclass(frozen=True)
class Event:
    """What sounds from ``onset_s`` to ``offset_s``, and how.

    ``attributes`` are words that a caption may say (pitch, pace, distance); ``facts`` numbers of the mixture, by the
    names of COLUMNS, and ``source_file`` and ``source_time`` of a recording; ``role`` is foreground or background.
    """

    label: str
    onset_s: float
    offset_s: float
    attributes: tuple[tuple[str, str], ...] = ()
    role: str = "foreground"
    facts: Mapping[str, object] = field(default_factory=dict)


def with_measured(events: list[Event], audio: np.ndarray, rate_hz: int) -> list[Event]:
    """Foreground events with what the mixed sound says of them, onset, offset and box in Hz, beside what was asked.

    An event of which nothing rises above the rest has none of these.
    """
    told = []
    for event in events:
        asked = Annotation(event.onset_s, event.offset_s, event.label)
        found = measured(audio, rate_hz, asked) if event.role == "foreground" else asked
        numbers = (found.onset_s, found.offset_s, found.low_hz, found.high_hz)
        facts = dict(zip(MEASURED, numbers, strict=True)) if found.low_hz is not None else {}
        told.append(replace(event, facts=dict(event.facts) | facts))
    return told


def csv_rows(events: list[Event]) -> list[dict]:
    """One row for each event, in the columns of COLUMNS without the file's name."""
    return [
        {"onset_s": round(one.onset_s, 3), "offset_s": round(one.offset_s, 3), "label": one.label, "role": one.role}
        | {name: value for name, value in (dict(one.attributes) | dict(one.facts)).items() if name in COLUMNS}
        for one in events
    ]


def jams(file_name: str, seconds: float, events: list[Event], sandbox: dict) -> dict:
    """A JAMS document: once with all facts, once with labels alone."""
    observations = [observation(event) for event in events]
    labels = [one | {"value": one["value"]["label"]} for one in observations]
    told = documents.annotation("scaper", seconds, observations, sandbox)
    return documents.document(file_name, seconds, [told, documents.annotation("segment_open", seconds, labels)])


def observation(event: Event) -> dict:
    onset_s, length_s = round(event.onset_s, 3), round(event.offset_s - event.onset_s, 3)
    value = {"label": event.label, "role": event.role, "event_time": onset_s, "event_duration": length_s}
    value |= {SCAPER.get(name, name): fact for name, fact in event.facts.items()}
    value |= {"attributes": dict(event.attributes)} if event.attributes else {}
    return documents.observation(onset_s, length_s, value, 1.0)

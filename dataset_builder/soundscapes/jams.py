"""Strong labels as a JAMS document (namespaces scaper and segment_open), and the columns of their csv.

JAMS: Humphrey et al., ISMIR 2014, schema 0.3.  Times and durations in seconds from the beginning of the clip.
"""

from __future__ import annotations

COLUMNS = ("file_name", "onset_s", "offset_s", "label", "role", "snr_db", "pitch_semitones", "stretch", "distance")
JAMS_VERSION = "0.3.4"
TOOLS = "sd-audio-spectrograms soundscapes"


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

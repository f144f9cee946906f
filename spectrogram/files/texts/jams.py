"""The one writer of JAMS documents (Humphrey et al., ISMIR 2014; schema 0.3).  Times and durations in seconds."""

from __future__ import annotations

VERSION = "0.3.4"
TOOLS = "sd-audio-spectrograms"


def observation(onset_s: float, seconds: float, value: object, confidence: float | None = None) -> dict:
    return {"time": onset_s, "duration": seconds, "value": value, "confidence": confidence}


def annotation(
    namespace: str, seconds: float, observations: list[dict], sandbox: dict | None = None, source: str = "program"
) -> dict:
    """One annotation of a whole recording in a namespace such as ``segment_open``."""
    about = {"curator": {"name": "", "email": ""}, "annotator": {}, "version": "1", "corpus": "", "validation": ""}
    about |= {"annotation_tools": TOOLS, "annotation_rules": "", "data_source": source}
    facts = {"namespace": namespace, "data": observations, "annotation_metadata": about, "sandbox": sandbox or {}}
    return facts | {"time": 0.0, "duration": seconds}


def document(title: str, seconds: float, annotations: list[dict]) -> dict:
    """A document of one recording with what ``annotation`` gave."""
    about = {"title": title, "artist": "", "release": "", "duration": seconds, "identifiers": {}}
    return {"annotations": annotations, "file_metadata": about | {"jams_version": VERSION}, "sandbox": {}}


def source_of(one: dict) -> str:
    """Where an annotation of anybody's document is from: its data source, else who annotated; "" for neither."""
    about = one.get("annotation_metadata")
    about = about if isinstance(about, dict) else {}
    people = [about[who].get("name") for who in ("annotator", "curator") if isinstance(about.get(who), dict)]
    return next((str(text) for text in (about.get("data_source"), *people) if text), "")

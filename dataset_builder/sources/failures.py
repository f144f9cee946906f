"""Why a download failed, as one of the ledger's reasons, read from yt-dlp's errors.

The texts are YouTube's own, passed through by yt-dlp; the HTTP ones carry a status and perhaps a Retry-After.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from spectrogram.problems import EnvironmentProblem

MESSAGES = (
    ("bot", r"not a bot|captcha|unusual traffic"),
    ("rate", r"content isn.t available, try again later|rate.?limit|Too Many Requests"),
    ("private", r"private video|members.only|join this channel|is private"),
    ("age", r"confirm your age|age.restricted|inappropriate for some users"),
    ("geo", r"available in your country|geo.?restrict|blocked it in your country|not available from your location"),
    ("format", r"requested format is not available|no video formats found|only images are available"),
    ("gone", r"unavailable|has been removed|removed by|terminated|no longer available|does not exist|isn.t available"),
    ("truncated", r"content too short|did not get any data blocks|incomplete"),
    ("ffmpeg", r"ffmpeg|postprocessing|ffprobe"),
    ("network", r"timed? ?out|connection|reset by peer|name resolution|unable to download|server error"),
)
STATUSES = {404: "gone", 410: "gone", 451: "geo", 401: "private", 403: "expired", 429: "rate"}
NO_ROOM = re.compile(r"no space left|file too large|disk quota", re.IGNORECASE)


class Failure(Exception):
    """A download that gave no sound; ``retry_after_s`` is what the server asked to wait, None when it did not."""

    def __init__(self, reason: str, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.retry_after_s = reason, detail, retry_after_s


def failure_of(error: Exception) -> Failure:
    """The Failure that a yt-dlp DownloadError stands for; raises EnvironmentProblem when the disk is full."""
    text = re.sub(r"^ERROR: (\[[^\]]*\] )?", "", str(error)).split("(caused by")[0].strip()
    if NO_ROOM.search(text):
        raise EnvironmentProblem(f"the disk is full ({text[:120]})", "expected free space", "make room and run again")
    cause = (getattr(error, "exc_info", None) or (None, None))[1]
    cause = cause if hasattr(cause, "status") else getattr(cause, "cause", None)
    status = getattr(cause, "status", None)
    if isinstance(status, int):
        return Failure(reason_of_status(status), text, retry_after_s(cause))
    if type(error).__name__ == "GeoRestrictedError" or type(cause).__name__ == "GeoRestrictedError":
        return Failure("geo", text)
    return Failure(reason_of_text(text), text)


def reason_of_status(status: int) -> str:
    return STATUSES.get(status, "network" if status >= 500 else "unknown")


def reason_of_text(text: str) -> str:
    return next((name for name, words in MESSAGES if re.search(words, text, re.IGNORECASE)), "unknown")


def retry_after_s(error: object) -> float | None:
    """The server's Retry-After in seconds, whether it is written as seconds or as a date."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    value = headers.get("Retry-After") if headers else None
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None

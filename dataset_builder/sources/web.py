"""Small polite requests to public APIs: JSON and files, with time-outs, retries, Retry-After and a size limit."""

from __future__ import annotations

import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from dataset_builder.sources.failures import Failure, reason_of_status, retry_after_s
from spectrogram import json_text

LARGEST_BYTES = 200_000_000
AGENT = "sd-audio-spectrograms dataset builder"


@dataclass(frozen=True)
class Web:
    """``tries`` for server errors, refusals and time-outs; ``pause_s`` before every request."""

    pause_s: float = 1.0
    tries: int = 4
    timeout_s: float = 30.0
    sleep: Callable[[float], None] = time.sleep

    def json(self, address: str, **query: object) -> dict:
        data = self.bytes(address + ("&" if "?" in address else "?") + urllib.parse.urlencode(query))
        try:
            return json_text.parsed(data)
        except ValueError as error:
            raise Failure("format", f"{bare(address)} answered with no JSON") from error

    def bytes(self, address: str) -> bytes:
        """The body; raises Failure with the ledger's reasons.  Only http and https addresses are asked."""
        if urllib.parse.urlsplit(address).scheme not in ("http", "https"):
            raise Failure("format", f"{bare(address)} is no web address")
        for attempt in range(1, self.tries + 1):
            self.sleep(self.pause_s)
            try:
                return self.once(address)
            except Failure as failure:
                if failure.reason not in ("network", "rate", "truncated") or attempt == self.tries:
                    raise
                self.sleep(failure.retry_after_s if failure.retry_after_s is not None else self.pause_s * 2**attempt)
        raise AssertionError("the last try returns or raises")

    def once(self, address: str) -> bytes:
        request = urllib.request.Request(address, headers={"User-Agent": AGENT})
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:
                data = answer.read(LARGEST_BYTES + 1)
                announced = answer.headers.get("Content-Length")
        except urllib.error.HTTPError as error:
            error.response = error
            detail = f"{bare(address)}: HTTP {error.code}"
            raise Failure(reason_of_status(error.code), detail, retry_after_s(error)) from None
        except (OSError, urllib.error.URLError) as error:
            raise Failure("network", f"{bare(address)}: {getattr(error, 'reason', error)}") from None
        if len(data) > LARGEST_BYTES:
            raise Failure("format", f"{bare(address)} is larger than {LARGEST_BYTES} bytes")
        if announced and len(data) < int(announced):
            raise Failure("truncated", f"{bare(address)}: {len(data)} of {announced} bytes")
        return data


def bare(address: str) -> str:
    """The address without its query, which holds the user's key."""
    return urllib.parse.urlunsplit(urllib.parse.urlsplit(address)._replace(query="", fragment=""))

"""What ZeroGPU says when it gives no GPU, in seconds to wait and what to do instead."""

import re
from collections.abc import Iterator
from datetime import timedelta

import gradio as gr
import httpx

from space.jobs import Failed

DUPLICATE = "or duplicate this Space to have hardware of your own"
WAIT = re.compile(r"Try again in (?:(?P<days>\d+) days?, )?(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d)")
ASKED = re.compile(r"\((?P<asked>\d+)s requested vs\. (?P<left>\d+)s left\)")


def explain_refusal(message: str) -> str:
    """One sentence for a visitor; texts of the `spaces` package are recognised, others are passed on."""
    wait = WAIT.search(message)
    if wait:
        parts = {name: int(value) for name, value in wait.groupdict(default="0").items()}
        wait_s = round(timedelta(**parts).total_seconds())
        asked = ASKED.search(message)
        told = f" ({asked['asked']} s were needed, {asked['left']} s are left)" if asked else ""
        return f"Your free GPU time is used up{told}: wait {wait_s} s, {DUPLICATE}."
    if "larger than the maximum" in message:
        return f"This takes more GPU time than one press may use: choose fewer steps or a shorter sound, {DUPLICATE}."
    if "No GPU was available" in message:
        return f"All GPUs are busy: wait 60 s and press again, {DUPLICATE}."
    if "runs limit" in message or "GPU limit" in message or "credits" in message:
        return f"The GPU limit is reached: wait 60 s and press again, sign in, {DUPLICATE}."
    return f"The GPU gave up ({message.strip()[:200]}): press again, {DUPLICATE}."


def events_or_refusal(work: Iterator) -> Iterator:
    """The engine's events; an error of the scheduler becomes a Failed that says how long to wait."""
    try:
        yield from work
    except gr.Error as error:
        yield Failed(explain_refusal(str(error.message)))
    except httpx.HTTPError:
        yield Failed(f"The GPU scheduler does not answer: wait 30 s and press again, {DUPLICATE}.")

"""What the page may do, decided in one place from the environment and from who is signed in."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

import gradio as gr

HERE, JOB, NOWHERE = "here", "job", "nowhere"
DUPLICATE_FIRST = "Duplicate this Space to teach it your own sounds: the copy is private and yours."


@dataclass(frozen=True)
class Permissions:
    """`train`: here (a program of this machine), job (billed to the visitor) or nowhere; `reason` is for people.

    `duplicate`: offer the Duplicate button. `sign_in`: offer the button to sign in. `publish`: a token is there.
    """

    train: str
    reason: str
    duplicate: bool
    sign_in: bool
    publish: bool


def decide(
    environment: Mapping[str, str], visitor: str | None, has_token: bool = False, gpu: bool = False
) -> Permissions:
    """Permissions of a visitor (user name, None when not signed in).

    `has_token`: the visitor's own token may write. At home (no SPACE_ID) everything is allowed; on ZeroGPU nothing is
    trained inside the Space; on a Space with hardware of its own only its owner (and SPACE_TRAINERS) trains there.
    """
    on_space = bool(environment.get("SPACE_ID"))
    can_sign_in = bool(environment.get("OAUTH_CLIENT_ID"))
    if not on_space:
        slow = (
            ""
            if gpu
            else " There is no GPU: the small embedded model learns on the CPU in minutes, larger ones do not."
        )
        token = has_token or bool(environment.get("HF_TOKEN"))
        return Permissions(HERE, "Training runs on this machine." + slow, False, False, token)
    zero = environment.get("SPACES_ZERO_GPU", "").lower() in ("1", "true", "t")
    offer = can_sign_in and visitor is None
    if zero:
        if visitor is not None and has_token:
            told = "This Space shares its GPU, so training runs as a job on Hugging Face, billed to you."
            return Permissions(JOB, told, True, False, True)
        told = f"This Space shares its GPU and cannot train. {DUPLICATE_FIRST}"
        return Permissions(NOWHERE, told + (" Or sign in to train as a job." if offer else ""), True, offer, False)
    trainers = {environment.get("SPACE_AUTHOR_NAME"), *environment.get("SPACE_TRAINERS", "").split(",")} - {None, ""}
    if visitor in trainers:
        slow = environment.get("ACCELERATOR", "none") == "none"
        told = "Training runs on this Space's CPU: minutes for the embedded model, far too long for a larger one."
        return Permissions(HERE, told if slow else "Training runs on this Space's own GPU.", False, False, has_token)
    if visitor is not None and has_token:
        told = "Only this Space's owner trains on it; yours runs as a job on Hugging Face, billed to you."
        return Permissions(JOB, told, True, False, True)
    told = "Only this Space's owner trains on it. " + ("Sign in if it is yours. " if offer else "")
    return Permissions(NOWHERE, told + DUPLICATE_FIRST, True, offer, False)


def permissions_of(page: gr.Request | None, gpu: bool = False) -> tuple[Permissions, str | None, str | None]:
    """(what a visitor may do, their name, their token or this machine's)."""
    name, token = signed_in(page)
    return decide(os.environ, name, token is not None, gpu), name, token or os.environ.get("HF_TOKEN")


def signed_in(page: gr.Request) -> tuple[str | None, str | None]:
    """(user name, token) of who pressed; (None, None) off Hugging Face or when nobody is signed in."""
    scope = getattr(page.request, "scope", {}) if page else {}
    info = (scope.get("session") or {}).get("oauth_info")
    if not info or info.get("expires_at", float("inf")) < time.time():
        return None, None
    return info["userinfo"]["preferred_username"], info["access_token"]

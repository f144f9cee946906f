"""The endpoints that make sound or measure it, as typed functions; `endpoints` connects them."""

import functools
import inspect

import gradio as gr

from space.engine.front_door import clean
from space.engine.scoring import Interrupted, score_zips
from space.parts.sources import take_sound
from space.store.places import without_paths
from space.store.visitors import departure
from spectrogram.problems import Problem

# What every endpoint that samples takes: its type, and what clients read about it.
SAMPLING = {
    "negative_prompt": (str, "What not to hear."),
    "seed": (int, "The same seed makes the same sound; -1 draws one, the recipe tells which."),
    "steps": (int, "Denoising steps; more is slower and finer."),
    "guidance": (float, "How closely to follow the text."),
    "adapter": (str, 'Name of an adapter of this Space, or "none".'),
    "adapter_strength": (float, "Strength of the adapter, 0 to 2."),
}


def with_sampling(method):
    """The method with SAMPLING's arguments in the place of ``sampling``, in its signature, types and docstring."""
    own = inspect.signature(method)
    place = list(own.parameters).index("sampling")
    more = [
        inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=t) for n, (t, _) in SAMPLING.items()
    ]
    parameters = list(own.parameters.values())
    signature = own.replace(parameters=parameters[:place] + more + parameters[place + 1 :])

    @functools.wraps(method)
    def endpoint(*values, **named):
        given = signature.bind(*values, **named).arguments
        sampling = tuple(given.pop(name) for name in SAMPLING)
        return method(**given, sampling=sampling)

    endpoint.__signature__ = signature
    endpoint.__annotations__ = {p.name: p.annotation for p in signature.parameters.values() if p.name != "self"}
    endpoint.__annotations__["return"] = signature.return_annotation
    lines = [f"{name}: {meaning}" for name, (_, meaning) in SAMPLING.items()]
    indent = "\n" + 12 * " "
    endpoint.__doc__ = method.__doc__.replace(
        "sampling: The arguments of SAMPLING, in their place.", indent.join(lines)
    )
    return endpoint


class VerbEndpoints:
    """One method for each endpoint; its name is the endpoint's."""

    def __init__(self, endpoints):
        self.endpoints = endpoints

    @with_sampling
    def generate(
        self,
        prompt: str,
        seconds: float,
        sampling: tuple,
        page: gr.Request,
    ) -> tuple[str, str, dict]:
        """Make a sound from a text.

        Args:
            prompt: What to hear, for example "rain on a tin roof".
            seconds: Length of the sound in seconds.
            sampling: The arguments of SAMPLING, in their place.

        Returns:
            The sound (WAV), its spectrogram picture (PNG) and the recipe it was made with.
        """
        return self._one(page, prompt, sampling, seconds=seconds)

    @with_sampling
    def transform(
        self,
        sound: str,
        prompt: str,
        strength: float,
        sampling: tuple,
        page: gr.Request,
    ) -> tuple[str, str, dict]:
        """Turn a sound into something else; its outline in time stays.

        Args:
            sound: An audio file; its first 30 s are used.
            prompt: What to hear, for example "rain on a tin roof".
            strength: How much may change, 0 to 1.
            sampling: The arguments of SAMPLING, in their place.

        Returns:
            The sound (WAV), its spectrogram picture (PNG) and the recipe it was made with.
        """
        return self._edit(page, "transform", sound, prompt, sampling, {"strength": strength})

    @with_sampling
    def repaint(
        self,
        sound: str,
        prompt: str,
        start_s: float,
        end_s: float,
        low_hz: float,
        high_hz: float,
        strength: float,
        sampling: tuple,
        page: gr.Request,
    ) -> tuple[str, str, dict]:
        """Paint a part of a sound anew; all else stays exactly as it is.

        Args:
            sound: An audio file; its first 30 s are used.
            prompt: What to hear, for example "rain on a tin roof".
            start_s: Beginning of the part in seconds.
            end_s: End of the part in seconds.
            low_hz: Lowest frequency of the part in Hz; 0 for all.
            high_hz: Highest frequency of the part in Hz; 0 for all.
            strength: How much may change, 0 to 1.
            sampling: The arguments of SAMPLING, in their place.

        Returns:
            The sound (WAV), its spectrogram picture (PNG) and the recipe it was made with.
        """
        options = {"start_s": start_s, "end_s": end_s, "low_hz": low_hz or None, "high_hz": high_hz or None}
        return self._edit(page, "inpaint", sound, prompt, sampling, options | {"strength": strength})

    @with_sampling
    def extend(
        self,
        sound: str,
        prompt: str,
        seconds: float,
        before: bool,
        sampling: tuple,
        page: gr.Request,
    ) -> tuple[str, str, dict]:
        """Go on where a sound ends, or lead into it.

        Args:
            sound: An audio file; its first 30 s are used.
            prompt: What to hear, for example "rain on a tin roof".
            seconds: Seconds to add.
            before: Add them before the beginning instead of after the end.
            sampling: The arguments of SAMPLING, in their place.

        Returns:
            The sound (WAV), its spectrogram picture (PNG) and the recipe it was made with.
        """
        options = {"seconds": seconds, "side": "left" if before else "right"}
        return self._edit(page, "extend", sound, prompt, sampling, options)

    @with_sampling
    def loop(
        self,
        sound: str,
        prompt: str,
        seam_s: float,
        sampling: tuple,
        page: gr.Request,
    ) -> tuple[str, str, dict]:
        """Make a sound that can go round for ever.

        Args:
            sound: An audio file; its first 30 s are used.
            prompt: What to hear, for example "rain on a tin roof".
            seam_s: Seconds around its ends that are painted anew.
            sampling: The arguments of SAMPLING, in their place.

        Returns:
            The sound (WAV), its spectrogram picture (PNG) and the recipe it was made with.
        """
        return self._edit(page, "loop", sound, prompt, sampling, {"seam_s": seam_s})

    @with_sampling
    def morph(
        self,
        first: str,
        last: str,
        clips: int,
        seconds: float,
        sampling: tuple,
        even_in_sound: bool,
        page: gr.Request,
    ) -> tuple[list[str], list[dict]]:
        """Make a row of sounds that leads from one text to another.

        Args:
            first: Where it begins, for example "rain falling".
            last: Where it leads.
            clips: How many sounds, first and last included.
            seconds: Length of each in seconds.
            sampling: The arguments of SAMPLING, in their place.
            even_in_sound: Look for equal steps in sound (up to three times the work); otherwise equal steps in text.

        Returns:
            The sounds (WAV) in their order, and their recipes.
        """
        prompts = [clean(first), clean(last)]
        options = {"prompts": prompts, "steps": int(clips), "seconds": seconds, "respace": bool(even_in_sound)}
        told = " → ".join(filter(None, prompts)) if all(prompts) else ""
        made = self.endpoints.run(page, told, sampling, verb="morph", options=options)
        return [clip.sound for clip in made], [clip.recipe.to_dict() for clip in made]

    def score(self, generated: str, reference: str, page: gr.Request) -> dict:
        """Measure how near a set of sounds comes to a reference set.

        Args:
            generated: A zip of the audio files that are judged.
            reference: A zip of what it should sound like; equal names make pairs.

        Returns:
            Fréchet and kernel distance, class figures, their intervals and the noise floor, with counts and embedder.
        """
        left = departure()

        def advance(done: int, total: int):
            if left():
                raise Interrupted

        try:
            self.endpoints.door.admit(page)
            return score_zips(generated, reference, advance)
        except Interrupted:
            raise refusal("The client left, so the measuring was stopped.") from None
        except Problem as problem:
            raise refusal(str(problem)) from problem

    def _edit(self, page, verb: str, sound: str, prompt: str, sampling: tuple, options: dict):
        try:
            path, _, notes = take_sound(sound, self.endpoints.store)
        except Problem as problem:
            raise refusal(str(problem)) from problem
        return self._one(page, prompt, sampling, verb=verb, sound=path, options=options, notes=notes)

    def _one(self, page, prompt: str, sampling: tuple, **fields) -> tuple[str, str, dict]:
        clip = self.endpoints.run(page, prompt, sampling, **fields)[0]
        return clip.sound, clip.picture, clip.recipe.to_dict()


def refusal(text: str) -> gr.Error:
    return gr.Error(without_paths(text), print_exception=False)

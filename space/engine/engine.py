"""The engine holds the model, switches adapters, reports each step and stops within one.

ZeroGPU's rules are kept: `spaces` is imported before torch, the model is on its device before the first request, one
decorated generator does the work in a fork, and Stop is a file, because nothing else of the page reaches a fork.
"""

import numpy as np
import torch
from torch.cuda import OutOfMemoryError

from spectrogram.sampling.seeds import draw_seed

from spaces import GPU  # isort: skip - must come before torch

import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from PIL import Image

from space.engine.adapter_switch import AESTHETIC, AdapterSwitch
from space.engine.knowledge import Knowledge
from space.engine.watch import Halt, Watch
from space.jobs import SOUND_VERBS, VERBS, Failed, Finished, Painted, Request, Step, Stopped
from spectrogram.codec import SpectrogramCodec
from spectrogram.models import load_pipeline
from spectrogram.problems import Problem

LONGEST_GPU_S = 120
READING_S = 20
SHORT_MEMORY = (
    "The memory of the GPU is too short for this: choose a shorter length, or press again when others are done."
)


class Engine:
    """One loaded base model and the adapters in a folder (each a sub-folder, as training writes them)."""

    def __init__(self, base: str | Path | None, adapters_folder: str | Path, device: str | None = None):
        self.base = base
        self.pipeline = load_pipeline(base, device)
        self.pipeline.set_progress_bar_config(disable=True)
        self.adapters_folder = Path(adapters_folder)
        self.switch = AdapterSwitch(self.pipeline, adapters_folder)
        self.knowledge = Knowledge.of_base(base)
        # The codec compiles on first use: the first visitor shall not wait for that.
        SpectrogramCodec(self.pipeline.params).decode(Image.new("RGB", (64, self.pipeline.params.height)))
        self.work = GPU(duration=self.estimate)(self._work)

    def adapters(self) -> list[str]:
        """Names of the adapters that can be chosen, found anew each time: training may have added one."""
        return list(self.switch.all())

    def _work(self, request: Request, stop_file: Path) -> Iterator[Step | Painted | Finished | Stopped | Failed]:
        """Events of one request; the last one is Finished, Stopped or Failed."""
        events: queue.SimpleQueue = queue.SimpleQueue()
        watch = Watch(stop_file, events)
        with ThreadPoolExecutor(max_workers=1) as worker:
            work = worker.submit(self._make, request, watch)
            work.add_done_callback(events.put)
            try:
                yield from iter(events.get, work)
                yield work.result()
            except Halt:
                yield Stopped(watch.done, watch.total)
            except Problem as problem:
                yield Failed(str(problem))
            except OutOfMemoryError:
                yield Failed(SHORT_MEMORY)
            finally:
                # Whoever stopped listening no longer wants the rest.
                stop_file.touch()

    def estimate(self, request: Request, stop_file: Path) -> int:
        """Seconds of GPU to ask ZeroGPU for; an aesthetic reads the text many times before the first step."""
        taught = self.switch.all().get(request.adapter or "")
        read_s = READING_S if taught is not None and taught.kind == AESTHETIC else 0
        return min(LONGEST_GPU_S, estimate_seconds(request, stop_file) + read_s)

    def _make(self, request: Request, watch: Watch) -> Finished:
        self.switch.use(request.adapter, request.adapter_scale, watch.read)
        made = self._make_adapted(request, watch)
        return replace(made, recipes=self._named(made.recipes, request))

    def _named(self, recipes: list, request: Request) -> list:
        """The recipes with the adapter in use, and with the name of the sound that they began with."""
        named = [self.switch.name_in(recipe, request.adapter_scale) for recipe in recipes]
        if not request.source:
            return named
        began = {"source": request.source} | ({"varied": True} if request.varied else {})
        return [recipe.replace(settings=recipe.settings | began) for recipe in named]

    def _make_adapted(self, request: Request, watch: Watch) -> Finished:
        if request.verb != "generate":
            return self._run_verb(request, watch)
        try:
            return self._generate(request, watch, at_once=request.count)
        except torch.cuda.OutOfMemoryError:
            if request.count == 1:
                raise
            torch.cuda.empty_cache()
        return self._generate(request, watch, at_once=1)

    def _generate(self, request: Request, watch: Watch, at_once: int) -> Finished:
        """Make the clips, `at_once` in one batch; each has the seed that it would have alone."""
        first_seed = draw_seed() if request.seed is None else request.seed
        watch.start(request.total_steps(self.pipeline.defaults.steps) * request.count // at_once)
        outputs = [self._run(request, first_seed + start, at_once, watch) for start in range(0, request.count, at_once)]
        short = at_once < request.count
        notes = ("Memory was short, so the clips were made one after the other.",) if short else ()
        return Finished(
            [image for output in outputs for image in output.images],
            np.concatenate([output.audios for output in outputs]),
            outputs[0].sampling_rate,
            [recipe for output in outputs for recipe in output.recipes],
            watch.seconds,
            self._notes(request) + notes,
        )

    def _run(self, request: Request, seed: int, count: int, watch: Watch):
        settings = self._sampling(request, watch) | {"seconds": request.seconds, "seed": seed}
        if request.variation_seed is not None:
            settings |= {"variation_seed": request.variation_seed, "variation_amount": request.variation_amount}
        return self.pipeline(request.prompt, num_images_per_prompt=count, **settings)

    def _run_verb(self, request: Request, watch: Watch) -> Finished:
        """Call the pipeline's method of that name; its pictures are made to show all of the sound that comes out."""
        if request.verb not in VERBS:
            raise Problem(f"there is no verb {request.verb!r}", f"one of {', '.join(VERBS)}", "choose one of them")
        watch.start(request.total_steps(self.pipeline.defaults.steps), request.most_clips, request.searches)
        source = (request.sound, request.prompt) if request.verb in SOUND_VERBS else ()
        settings = self._sampling(request, watch) | {"seed": request.seed} | request.options
        if request.verb == "morph":
            settings["on_painted"] = lambda output: watch.painted(output, self._named(output.recipes, request))
        output = getattr(self.pipeline, request.verb)(*source, **settings)
        images, recipes = output.images, output.recipes
        if request.verb in ("inpaint", "extend", "loop"):
            pairs = [self._picture_again(output, i) for i in range(len(images))]
            images, recipes = [image for image, _ in pairs], [recipe for _, recipe in pairs]
        return Finished(
            images, output.audios, output.sampling_rate, recipes, watch.seconds, (*request.notes, *self._notes(request))
        )

    def _picture_again(self, output, i: int):
        """(picture, recipe) of the whole sound: these verbs only paint the part of it that the model looks at."""
        seconds = output.audios.shape[-1] / output.sampling_rate
        params = self.pipeline.params_for(seconds=seconds)
        recipe = output.recipes[i].replace(params=params.to_dict(), width=params.width)
        return SpectrogramCodec(params).encode(output.audios[i], output.sampling_rate), recipe

    def _sampling(self, request: Request, watch: Watch) -> dict:
        return {
            "num_inference_steps": request.steps,
            "guidance_scale": request.guidance,
            "negative_prompt": request.negative_prompt,
            "callback_on_step_end": watch,
        }

    def _notes(self, request: Request) -> tuple[str, ...]:
        """Where texts that are longer than the text encoder's window are parted, and a word that nobody wrote."""
        options = request.options
        texts = options.get("prompts") or [text for *_, text in options.get("events", [])] or [request.prompt]
        cuts = [cut for text in texts if (cut := self.pipeline.cut_words(text))]
        notes = [f"A long text is read in two or more pieces; the second begins: “{cut[:80]}”." for cut in cuts]
        if request.adapter is None:  # what an adapter taught is known to nobody but its owner
            notes += [note for text in texts for note in self.knowledge.notes(text)]
        if word := self.switch.unheard_word(texts):
            notes.append(f"The text does not have the word {word}, so the adapter changed nothing: write it into it.")
        return tuple(notes)


def estimate_seconds(request: Request, stop_file: Path) -> int:
    """Seconds of GPU to ask ZeroGPU for: quota is checked against this number before anything runs."""
    steps = request.total_steps(25) * request.count
    seconds = request.seconds or request.options.get("seconds") or 5.0
    return max(10, min(LONGEST_GPU_S, round(8 + 0.12 * steps * max(1.0, seconds / 5.0))))

"""One run from a dataset to a result: read, cache, train, save, listen. Everything it decides lies in run.json."""

import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import torch
import yaml

from spectrogram.adapters.kinds import LORA
from spectrogram.bases import locate_base
from spectrogram.problems import Problem
from training import base as base_model
from training import methods
from training.data import dataset as collection
from training.data import latents, replay
from training.exchange.export import kohya
from training.loop import checkpoint, memory_limit, optimizers
from training.loop.devices import open_accelerator, place, usable_precision
from training.loop.lock import locked
from training.loop.loop import Loop, LoopResult, Material
from training.loop.memory_limit import OutOfMemory
from training.loop.stopping import StopSignal
from training.method_table import carrier_of, method_of
from training.presets import facts_about
from training.record import samples
from training.record.events import EventLog, Silence
from training.record.run_file import without_places, write_run
from training.record.trackers import open_tracker
from training.stages import Stages

PACKAGES = ("torch", "diffusers", "transformers", "peft", "accelerate")


@dataclass
class RunReport:
    """What a run made: its folder, its result (adapter file or model folder), and the validation loss around it.

    Both losses are None where no clip could be held out.
    """

    folder: Path
    adapter: Path
    before: float | None
    after: float | None
    prompt: str


def train(settings, dataset, folder, stages=None, force=False, fresh=False):
    """Train on a dataset folder or Hub name and write everything into ``folder``; returns a RunReport.

    A run that was stopped or killed goes on from its newest whole checkpoint; ``force`` lets settings differ, ``fresh``
    begins anew. Files: the result, run.json, settings.yaml, events.jsonl, samples/, checkpoints/, curves/.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder), StopSignal() as stop:
        run = Run(settings, dataset, folder, stages or Stages(), stop)
        try:
            with remember_problems(run):
                return run.go(force, fresh)
        finally:
            run.close()


@contextmanager
def remember_problems(run):
    """Write a Problem into the run's events; out of memory in any stage becomes one."""
    try:
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if not memory_limit.is_out_of_memory(error):
                raise
            raise memory_limit.in_stage(run.settings, run.stages.last_timed) from error
    except Problem as problem:
        run.events.write("error", text=str(problem), exit_code=problem.exit_code)
        raise


class Run:
    """The stages of one run; each leaves what the next one needs.

    ``few`` denoising steps are taken in a rehearsal (None: the base's own number).
    """

    few: int | None = None
    make_loop, base, loop = Loop, None, None

    def __init__(self, settings, dataset, folder, stages, stop):
        self.settings = settings = replace(settings, precision=usable_precision(settings.precision))
        self.dataset, self.folder = dataset, folder
        self.stages, self.stop, self.clock = stages, stop, {"start": time.monotonic()}
        torch.manual_seed(settings.seed)
        self.accelerator = open_accelerator(settings.precision, small=bool(settings.vram))
        self.main = self.accelerator.is_main_process
        self.checkpoints = checkpoint.Checkpoints(folder / "checkpoints", settings.keep_checkpoints)
        self.events, self.tracker = Silence(), None
        self.teaching, self.row = methods.choose(settings.method), method_of(settings.to_dict())
        self.facts = facts_about(settings.base)

    def go(self, force, fresh):
        saved, notes = self._begin(fresh)
        self._prepare(notes.append)
        differing = checkpoint.check_same_run(saved, self.identity, force) if saved else []
        self._open_log(saved is not None, [*notes, *(f"resumed with another {key}" for key in differing)])
        self._listen_to()
        if not self.row.loops:
            return self._aesthetic()
        self._build()
        if saved:
            self.loop.restore(saved)
            self.events.write("resume", step=saved.step)
        result = self._train()
        path = self._finish(result)
        losses = [result.validations[step] for step in sorted(result.validations)]
        self.events.write("end", step=self.settings.steps, validation=losses[-1].to_dict() if losses else None)
        before, after = (losses[0].loss, losses[-1].loss) if losses else (None, None)
        return RunReport(self.folder, path, before, after, self.prompt)

    def _begin(self, fresh):
        """(the checkpoint to go on from or None, sentences about those that are not whole)."""
        notes = []
        if fresh:
            shutil.rmtree(self.checkpoints.folder, ignore_errors=True)
        saved = self.checkpoints.newest(notes.append)
        if saved is None:
            shutil.rmtree(self.folder / "samples", ignore_errors=True)
        return saved, notes

    @property
    def cache_folder(self):
        return self.folder.parent / ".cache"

    def _prepare(self, tell):
        """Read the data, fill the cache with one network of the base after the other; sets ``identity``."""
        optimizers.check(self.settings.optimizer)
        source = replay.source_of(self.settings, self.facts)
        data = self._read(self.dataset)
        self.settings = s = self.settings.for_clips(len(data.training))
        self.data, self.taught = data, data.training
        wordings = self.teaching.captions(s, data.captions)
        if source == replay.OTHERS:
            wordings = self._split_kinds(wordings)
        self._learn_pace()
        self.base = base = self._load("tokenizer and schedule", lambda: base_model.open_base(s.base))
        base.scheduler = base_model.use_schedule(base.scheduler, s)
        self._load("encoders", base.load_encoders)
        cached = self._cache(data.pictures, wordings)
        self.replayed = data.training[~self.own] if source == replay.OTHERS else []
        if source == replay.DATASET:
            self.replayed = self._replay_dataset(cached)
        base.free("vae", *([] if source == replay.BASE else ["text_encoder"]))
        self._load_unet()
        key = base_model.fingerprint(base.unet)
        if source == replay.BASE and self.row.loops:
            self.replayed = self._replay(cached, base, key)
        self.cached, self.wordings = cached, wordings
        processes = self.accelerator.num_processes
        self.identity = {**s.binding(), "data": cached.key, "base weights": key, "processes": processes}
        # Whether a dataset lies here or there changes nothing: its content is in "data".
        self.clock["cached"] = time.monotonic()
        self._tell_of_preparation(source, tell)

    def _read(self, dataset):
        """A Collection whose pictures fit the base; refused before anything of the base is loaded."""
        data = collection.read(dataset, self.settings.seed)
        base_model.check_pictures(locate_base(self.settings.base), self.facts, data.params, data.size, data.name)
        return data

    def _split_kinds(self, wordings):
        """DreamBooth: the labelled clips have the rare word, the others of the dataset keep their own wordings."""
        self.own = self.data.with_label(self.settings.instance_label)
        self.taught = self.data.training[self.own]
        others = set(self.data.training[~self.own].tolist())
        return [own if n not in others else self.data.captions[n] for n, own in enumerate(wordings)]

    def _tell_of_preparation(self, source, tell):
        if not len(self.data.validation):
            tell("no clip can be held out: nothing is validated")
        if self.facts.found == "assumed":
            tell(f"the base is not known here: {self.facts.base.title}'s defaults are used")
        if self.settings.method == "dreambooth" and source == replay.NOTHING:
            tell(
                "no clips of its kind are trained beside the sound: name some with --instance-label or --replay-dataset"
            )

    def _learn_pace(self):
        self.stages.learned(self.cache_folder / "pace.json", self.pace_key())

    def pace_key(self):
        """What the pace of a run depends on."""
        s, device = self.settings, self.accelerator.device.type
        told = (s.base, s.method, s.batch, s.accumulate, s.precision, s.targets, *self.data.size, device)
        return "|".join(map(str, told))

    def _load(self, what, action):
        self.stages.update("loading", 0, 1, what)
        with self.stages.timed("loading"):
            found = action()
        self.stages.update("loading", 1, 1, what)
        return found

    def _load_unet(self):
        half = base_model.half_type(self.settings, self.accelerator.device.type)
        self._load("UNet", lambda: self.base.load_unet(half))

    def _cache(self, pictures, wordings):
        s, base = self.settings, self.base
        with self.stages.timed("caching"):
            return latents.cache(
                self.cache_folder, pictures, wordings, base.vae, base.tokenizer, base.text_encoder,
                lambda done, total: self.stages.update("caching latents", done, total), s.variants, s.seed,
                self.accelerator.device, s.vram,
            )  # fmt: skip

    def _replay(self, cached, base, key):
        """Numbers of the clips that the base makes of its prompts; networks come and go one after the other."""
        texts = replay.prompts(self.settings, self.facts)
        with torch.no_grad():
            words = latents.encode_texts(base.tokenizer, base.text_encoder, texts)
        base.free("text_encoder", *(["unet"] if self.settings.vram else []))
        with self.stages.timed("replay"):
            made, _ = replay.make(
                self.settings, self.facts, key, self.cache_folder,
                lambda done, total, note="": self.stages.update("replay", done, total, note), self.few,
            )  # fmt: skip
        if base.unet is None:
            self._load_unet()
        return cached.extend(made, words, texts)

    def _replay_dataset(self, cached):
        """Numbers of the clips of another dataset, with their own wordings."""
        more = self._read(self.settings.replay_dataset)
        chosen = more.training[: self.settings.replay_clips]
        kept = self._cache(more.pictures[chosen], [more.captions[i] for i in chosen])
        rows = [options[0] for options in kept.wordings]
        texts = [kept.texts[row] for row in rows]
        return cached.extend(kept.mean[:, 0], kept.text[rows], texts, kept.std[:, 0])

    def _open_log(self, resumed, notes):
        s = self.settings
        if not self.main:
            return
        self.tracker = open_tracker(s.tracker, self.folder, without_places(s.to_dict()))
        self.events = EventLog(self.folder / "events.jsonl", resumed, [self.tracker.take])
        for note in notes:
            self.events.write("note", text=note)
        text = yaml.safe_dump(without_places(s.to_dict()), sort_keys=False)
        (self.folder / "settings.yaml").write_text(text, encoding="utf-8")

    def _build(self):
        s, data = self.settings, self.data
        with self.stages.timed("building"):
            if methods.reads_words(s):
                self.base.load_text_encoder()
            place(self.base.unet, s, self.accelerator.device)
            torch.manual_seed(s.seed)
            self.method = self.teaching.build(s, self.base)
            self.base.free("text_encoder")
            self.base.text_encoder = self.method.text_encoder
            material = Material(self.cached, self._own_clips(), self.replayed, data.validation, data.names)
            self.loop = self.make_loop(s, self.accelerator, self.method, self.base.scheduler, material, self.stages)
        self.trainable = sum(p.numel() for p in self.method.parameters)

    def _own_clips(self):
        """Numbers of the clips that are taught."""
        return self.taught

    def _listen_to(self):
        """Choose the prompts that are heard all along."""
        wordings = [self.wordings[i] for i in self.taught]
        prompts = samples.choose_prompts(wordings, self.settings.samples)
        self.prompt = samples.choose_prompts(wordings, 1)[0]
        tell = lambda **row: self.events.write("sample", **row)  # noqa: E731 - the log may be silent
        self.listener = samples.Listener(self.settings, prompts, self.folder / "samples", tell)

    def _aesthetic(self):
        """The method without a loop: what is learned is one row, and the work is done when a prompt is read."""
        s, self.trainable = self.settings, 0
        self.events.write(
            "start", clips=len(self.data.training), trainable_parameters=0, settings=without_places(s.to_dict())
        )
        path, before, after = self.teaching.teach(self)
        self.clock["trained"] = time.monotonic()
        write_run(self.folder, self._facts(LoopResult({0: before, s.steps: after}, after.loss)))
        self.events.write("end", step=s.steps, validation=after.to_dict())
        return RunReport(self.folder, path, before.loss, after.loss, self.prompt)

    def _train(self):
        s = self.settings
        if not self.loop.step:
            self.events.write(
                "start", clips=len(self.data.training), replayed=len(self.replayed),
                trainable_parameters=self.trainable, settings=without_places(s.to_dict()),
            )  # fmt: skip
        self.stop.training = True
        try:
            result = self.loop.run(
                self.events, self.save, self.listen, self.stop,
                lambda step, total, loss: self.stages.update("training", step, total, f"loss {loss:.4f}"),
            )  # fmt: skip
        except OutOfMemory:
            self.save()
            raise
        self.clock["trained"] = time.monotonic()
        return result

    def save(self):
        """Write a checkpoint; only the first process does."""
        if self.main:
            with self.stages.timed("checkpoint"):
                parts, values = self.loop.state()
                self.checkpoints.save(self.loop.step, parts, self.identity, values)
            self.events.write("checkpoint", step=self.loop.step)
        self.accelerator.wait_for_everyone()

    def listen(self, step):
        """Samples of the model as it is now."""
        if not (self.settings.samples and self.main):
            return
        was_training = self.method.student.training
        self.method.student.eval()
        # The blocks that are counted now belong to no step.
        self.loop.within = lambda note, share: None
        tag = "before" if step == 0 else f"step-{step:06d}"
        with self.stages.timed("samples"):
            live = samples.live_pipeline(self.settings, self.accelerator.device, **self.method.parts())
            live.params = self.data.params
            with self.accelerator.autocast():
                self._listen(live, tag, step)
            # What an offload moved away is trained on.
            live.remove_all_hooks()
            self.method.student.to(self.accelerator.device)
        self.method.student.train(was_training)

    def _listen(self, pipeline, tag, step):
        tell = lambda done, total, note="": self.stages.update("listening", done, total, note)  # noqa: E731
        self.listener.add(pipeline, tag, step, tell, self.few)

    def _finish(self, result):
        """Save the result, run.json and the samples after; returns the path of the result."""
        if not self.main:
            return self.folder
        s = self.settings
        with self.stages.timed("saving"):
            self.stages.update("saving", 0, 1)
            checkpoint.check_finite(self.method.state()["weights"], "the result")
            header = {"base_model": s.base, "trigger": s.trigger, "method": s.method}
            path = self.method.save(self.folder, self.data.params, header)
            write_run(self.folder, self._facts(result))
            load_into = type(self.method).load_into
            self._let_go()
            if path.name == LORA.file:
                # The file that AUTOMATIC1111 and ComfyUI read lies beside the one that diffusers reads.
                kohya(path, s.base)
            self.stages.update("saving", 1, 1)
        if s.samples:
            with self.stages.timed("samples"):
                self._listen(self._taught_pipeline(load_into, path), "after", s.steps)
        return path

    def _let_go(self):
        """Let the trained networks and their optimizer leave memory: what follows comes from the saved files."""
        self.accelerator.free_memory()
        self.loop = self.method = None
        if self.base is not None:
            self.base.free("unet", "vae", "text_encoder")

    def _taught_pipeline(self, load_into, path):
        """A pipeline as a user would open it, from the files that were just saved."""
        whole = carrier_of(self.settings.to_dict()).result.carries_base
        pipeline = load_into(None if whole else base_model.open_pipeline(self.settings), path)
        pipeline.params = self.data.params
        return pipeline

    def _facts(self, result):
        """run.json: settings, data, base, what was trained, how it went, and with which library versions."""
        s, data, clock = self.settings, self.data, self.clock
        seconds = {"cache": clock["cached"] - clock["start"], "train": clock["trained"] - clock["cached"]}
        return {
            "settings": s.to_dict(),
            "base": s.base,
            "dataset": {"name": data.name, "train": len(data.training), "validation": len(data.validation)},
            "replayed": len(self.replayed),
            "licences": data.licences,
            "spectrogram_params": data.params.to_dict(),
            "prediction_type": self.base.scheduler.config.prediction_type,
            "trainable_parameters": self.trainable,
            "validation": {str(step): loss.to_dict() for step, loss in result.validations.items()},
            "seconds": {name: round(value, 1) for name, value in seconds.items()},
            "versions": {name: version(name) for name in PACKAGES},
        }

    def close(self):
        if self.tracker is not None:
            self.tracker.close()

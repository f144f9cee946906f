"""One run from a dataset to a result: read, cache, train, save, listen. Everything it decides lies in run.json."""

import json
import shutil
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from spectrogram.adapters.lora import WEIGHTS_FILE
from spectrogram.problems import Problem
from training import base as base_model
from training import methods
from training.data import dataset as collection
from training.data import latents, replay
from training.exchange.export import kohya, shapes_of
from training.loop import checkpoint
from training.loop.devices import open_accelerator, place
from training.loop.lock import locked
from training.loop.loop import Loop, LoopResult, Material
from training.loop.memory_limit import OutOfMemory
from training.loop.stopping import StopSignal
from training.record import samples
from training.record.events import EventLog, Silence
from training.record.trackers import open_tracker

PACKAGES = ("torch", "diffusers", "transformers", "peft", "accelerate")


@dataclass
class RunReport:
    """What a run made: its folder, its result (adapter file or model folder), and the validation loss around it."""

    folder: Path
    adapter: Path
    before: float
    after: float


class Stages:
    """Progress of a run's stages: ``update(stage, done, total)``; the default is silent."""

    def update(self, stage, done, total, note=""):
        pass


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
            return run.go(force, fresh)
        except Problem as problem:
            run.events.write("error", text=str(problem), exit_code=problem.exit_code)
            raise
        finally:
            run.close()


class Run:
    """The stages of one run; each leaves what the next one needs."""

    def __init__(self, settings, dataset, folder, stages, stop):
        import torch

        self.settings, self.dataset, self.folder = settings, dataset, folder
        self.stages, self.stop, self.clock = stages, stop, {"start": time.monotonic()}
        torch.manual_seed(settings.seed)
        self.accelerator = open_accelerator(settings.precision)
        self.main = self.accelerator.is_main_process
        self.checkpoints = checkpoint.Checkpoints(folder / "checkpoints", settings.keep_checkpoints)
        self.events, self.tracker = Silence(), None
        self.teaching = methods.choose(settings.method)

    def go(self, force, fresh):
        saved, notes = self._begin(fresh)
        self._prepare()
        differing = checkpoint.check_same_run(saved, self.identity, force) if saved else []
        self._open_log(saved is not None, [*notes, *(f"resumed with another {key}" for key in differing)])
        self._listen_to()
        if self.settings.method == "aesthetic":
            return self._aesthetic()
        self._build()
        if saved:
            self.loop.restore(saved)
            self.events.write("resume", step=saved.step)
        result = self._train()
        path = self._finish(result)
        steps = sorted(result.validations)
        self.events.write("end", step=self.settings.steps, validation=result.validations[steps[-1]].to_dict())
        return RunReport(self.folder, path, result.validations[steps[0]].loss, result.validations[steps[-1]].loss)

    def _begin(self, fresh):
        """(the checkpoint to go on from or None, sentences about those that are not whole)."""
        notes = []
        if fresh:
            shutil.rmtree(self.checkpoints.folder, ignore_errors=True)
        saved = self.checkpoints.newest(notes.append)
        if saved is None:
            shutil.rmtree(self.folder / "samples", ignore_errors=True)
        return saved, notes

    def _prepare(self):
        """Read data and base, fill the cache, let the encoders go; sets ``identity``."""
        s = self.settings
        data = collection.read(self.dataset, s.seed)
        base = base_model.load(s.base)
        base_model.check_picture_size(base, data.pictures)
        base.scheduler = base_model.use_schedule(base.scheduler, s)
        wordings = self.teaching.captions(s, data.captions)
        cached = latents.cache(
            self.folder.parent / ".cache", data.pictures, wordings, base.vae, base.tokenizer, base.text_encoder,
            lambda done, total: self.stages.update("caching latents", done, total), s.variants, s.seed,
        )  # fmt: skip
        key = base_model.fingerprint(base.unet)
        self.replayed = self._replay(cached, base, key) if s.replay else []
        self.data, self.base, self.cached, self.wordings = data, base, cached, wordings
        processes = self.accelerator.num_processes
        self.identity = {**s.binding(), "data": cached.key, "base weights": key, "processes": processes}
        # Whether a dataset lies here or there changes nothing: its content is in "data".
        self.clock["cached"] = time.monotonic()

    def _replay(self, cached, base, key):
        import torch

        made, texts = replay.make(
            self.settings, key, self.folder.parent / ".cache",
            lambda done, total: self.stages.update("replay", done, total),
        )  # fmt: skip
        with torch.no_grad():
            words = latents.encode_texts(base.tokenizer, base.text_encoder, texts)
        return cached.extend(made, words, texts)

    def _open_log(self, resumed, notes):
        import yaml

        s = self.settings
        if not self.main:
            return
        self.tracker = open_tracker(s.tracker, self.folder, s.to_dict())
        self.events = EventLog(self.folder / "events.jsonl", resumed, [self.tracker.take])
        for note in notes:
            self.events.write("note", text=note)
        text = yaml.safe_dump(s.to_dict(), sort_keys=False)
        (self.folder / "settings.yaml").write_text(text, encoding="utf-8")

    def _build(self):
        import torch

        s, data = self.settings, self.data
        place(self.base.unet, s, self.accelerator.device)
        torch.manual_seed(s.seed)
        self.method = self.teaching.build(s, self.base)
        self.base.free_encoders(keep_words=True)
        self.base.text_encoder = self.method.text_encoder
        material = Material(self.cached, data.training, self.replayed, data.validation, data.names)
        self.loop = Loop(s, self.accelerator, self.method, self.base.scheduler, material)
        self.trainable = sum(p.numel() for p in self.method.parameters)

    def _listen_to(self):
        """Choose the prompts that are heard all along."""
        prompts = samples.choose_prompts([self.wordings[i] for i in self.data.training], self.settings.samples)
        tell = lambda **row: self.events.write("sample", **row)  # noqa: E731 - the log may be silent
        self.listener = samples.Listener(self.settings, prompts, self.folder / "samples", tell)

    def _aesthetic(self):
        """The method without a loop: what is learned is one row, and the work is done when a prompt is read."""
        s, self.trainable = self.settings, 0
        self.events.write("start", clips=len(self.data.training), trainable_parameters=0, settings=s.to_dict())
        path, before, after = self.teaching.teach(self)
        self.clock["trained"] = time.monotonic()
        self._write_facts(LoopResult({0: before, s.steps: after}, after.loss))
        self.events.write("end", step=s.steps, validation=after.to_dict())
        return RunReport(self.folder, path, before.loss, after.loss)

    def _train(self):
        s = self.settings
        if not self.loop.step:
            self.events.write(
                "start", clips=len(self.data.training), replayed=len(self.replayed),
                trainable_parameters=self.trainable, settings=s.to_dict(),
            )  # fmt: skip
        self.stop.training = True
        try:
            result = self.loop.run(
                self.events, self.save, self.listen, self.stop,
                lambda step, total, loss: self.stages.update("training", step, total, self._note(loss)),
            )  # fmt: skip
        except OutOfMemory:
            self.save()
            raise
        self.clock["trained"] = time.monotonic()
        return result

    def _note(self, loss):
        """What the bar says beside the step: the loss and the minutes of 1,000 steps."""
        done = self.loop.step - getattr(self, "first_step", self.loop.step - 1)
        self.first_step = self.loop.step - done
        minutes = (time.monotonic() - self.clock["cached"]) / max(done, 1) * 1000 / 60
        return f"loss {loss:.4f}, {minutes:.1f} min per 1,000 steps"

    def save(self):
        """Write a checkpoint; only the first process does."""
        if self.main:
            parts, values = self.loop.state()
            self.checkpoints.save(self.loop.step, parts, self.identity, values)
            self.events.write("checkpoint", step=self.loop.step)
        self.accelerator.wait_for_everyone()

    def listen(self, step):
        """Samples of the model as it is now."""
        if self.settings.samples and self.main:
            was_training = self.method.student.training
            self.method.student.eval()
            pipeline = samples.live_pipeline(self.settings, self.accelerator.device, **self.method.parts())
            pipeline.params = self.data.params
            tag = "before" if step == 0 else f"step-{step:06d}"
            with self.accelerator.autocast():
                self.listener.add(pipeline, tag, step)
            self.method.student.train(was_training)

    def _finish(self, result):
        """Save the result, run.json and the samples after; returns the path of the result."""
        if not self.main:
            return self.folder
        s = self.settings
        checkpoint.check_finite(self.method.state()["weights"], "the result")
        header = {"base_model": s.base, "trigger": s.trigger, "method": s.method}
        path = self.method.save(self.folder, self.data.params, header)
        if path.name == WEIGHTS_FILE:
            # The file that AUTOMATIC1111 and ComfyUI read lies beside the one that diffusers reads.
            kohya(path, shapes_of(s.base))
        self._write_facts(result)
        if s.samples:
            self.stages.update("listening", 0, 1)
            self.listener.add(self._taught_pipeline(path), "after", s.steps)
            self.stages.update("listening", 1, 1)
        return path

    def _taught_pipeline(self, path):
        """A pipeline as a user would open it, from the files that were just saved."""
        from spectrogram.models import load_pipeline

        pipeline = self.method.load_into(load_pipeline(base_model.locate(self.settings.base)), path)
        pipeline.params = self.data.params
        return pipeline

    def _write_facts(self, result):
        text = json.dumps(self._facts(result), indent=1, ensure_ascii=False)
        (self.folder / "run.json").write_text(text + "\n", encoding="utf-8")

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

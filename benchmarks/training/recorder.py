"""Runs one of diffusers' training scripts unchanged and writes down what its steps saw and what they made.

    python -m benchmarks.training.recorder RECORD.safetensors SCRIPT.py [the script's own flags]

Written: each forward pass (latents, noise, timesteps, words or token ids), and the trained tensors before the first
and after each optimizer step, in the optimizer's order.
"""

import functools
import runpy
import sys
from pathlib import Path

import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextModel


class Recorder:
    """Tensors of the passes and of the optimizer's parameters, by name."""

    def __init__(self):
        self.tensors, self.passes, self.steps = {}, 0, 0

    def noised(self, original):
        """``add_noise`` is given all that is drawn for a pass."""

        @functools.wraps(original)
        def add_noise(scheduler, latents, noise, timesteps):
            for name, value in (("latents", latents), ("noise", noise), ("timesteps", timesteps)):
                self.tensors[f"pass.{self.passes}.{name}"] = value.detach().clone()
            self.passes += 1
            return original(scheduler, latents, noise, timesteps)

        return add_noise

    def read(self, original, name):
        """A network's first text input belongs to the pass whose noise was drawn last."""

        @functools.wraps(original)
        def forward(module, *given, **named):
            value = (
                named.get("encoder_hidden_states", given[2] if len(given) > 2 else None)
                if name == "words"
                else given[0]
            )
            if torch.is_grad_enabled() and self.passes:
                self.tensors[f"pass.{self.passes - 1}.{name}"] = value.detach().clone()
            elif name == "ids":
                self.ids = value
            return original(module, *given, **named)

        return forward

    def stepped(self, original):
        @functools.wraps(original)
        def step(optimizer, *given, **named):
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            if not self.steps:
                self._keep(parameters)
            result = original(optimizer, *given, **named)
            self.steps += 1
            self._keep(parameters)
            return result

        return step

    def _keep(self, parameters):
        for number, parameter in enumerate(parameters):
            self.tensors[f"step.{self.steps}.{number}"] = parameter.detach().clone()


def main(record: str, script: str, *flags: str):
    recorder = Recorder()
    DDPMScheduler.add_noise = recorder.noised(DDPMScheduler.add_noise)
    UNet2DConditionModel.forward = recorder.read(UNet2DConditionModel.forward, "words")
    CLIPTextModel.forward = recorder.read(CLIPTextModel.forward, "ids")
    torch.optim.AdamW.step = recorder.stepped(torch.optim.AdamW.step)
    sys.argv = [script, *flags]
    sys.path.insert(0, str(Path(script).parent))
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        save_file({name: value.contiguous() for name, value in recorder.tensors.items()}, record)


if __name__ == "__main__":
    main(*sys.argv[1:])

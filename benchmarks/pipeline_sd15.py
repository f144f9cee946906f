"""Every verb on a model of Stable Diffusion 1.5's real shape with random weights: what runs, and what audio must keep.

    python -m benchmarks.pipeline_sd15 [--steps 1] [--columns 128] [--json FILE]

860 M UNet, 84 M VAE and 123 M CLIP-L text encoder, built from their configurations: nothing is downloaded, nothing is
learned, so only what needs no trained weights is judged: lengths, the sound outside a mask, joins and levels. A clip
is generated at 512 x 512, then every verb runs on narrower pictures, because one at full width takes minutes on a CPU.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np

RATE_HZ = 44100
AT_FULL_SIZE = ("generate, guided, weighted words",)
UNET = {
    "sample_size": 64,
    "in_channels": 4,
    "out_channels": 4,
    "layers_per_block": 2,
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}
VAE = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "latent_channels": 4,
    "sample_size": 512,
}
TEXT = {
    "vocab_size": 49408,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "projection_dim": 768,
}
SCHEDULER = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "clip_sample": False,
    "set_alpha_to_one": False,
}


def build_parts(dtype):
    """(UNet, VAE, text encoder) with random weights; the embedded base's tokenizer stands in for CLIP's."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    parts = UNet2DConditionModel(**UNET), AutoencoderKL(**VAE), CLIPTextModel(CLIPTextConfig(**TEXT))
    return [part.to(dtype).eval() for part in parts]


def build_pipeline(dtype):
    from diffusers import DDIMScheduler
    from transformers import CLIPTokenizer

    from spectrogram.models import EMBEDDED, quiet_loading
    from spectrogram.pipeline import SpectrogramAudioPipeline

    quiet_loading()
    unet, vae, text_encoder = build_parts(dtype)
    pipeline = SpectrogramAudioPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=CLIPTokenizer.from_pretrained(EMBEDDED, subfolder="tokenizer"),
        unet=unet,
        scheduler=DDIMScheduler(**SCHEDULER),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def recording(seconds: float) -> np.ndarray:
    """Two channels of tones in noise (2, samples)."""
    random, time_s = np.random.default_rng(0), np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    tones = np.stack([0.2 * np.sin(2 * np.pi * hertz * time_s) for hertz in (440, 3000)])
    return (tones + random.normal(0, 0.02, tones.shape)).astype(np.float32)


def level_db(audio) -> float:
    return float(10 * np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-20))


def lasts(output, seconds: float) -> dict:
    return {"seconds": output.audios.shape[-1] / output.sampling_rate, "as_asked": seconds}


def verbs(pipeline, steps: int) -> dict:
    """A function for each verb, which returns figures to judge by; one of them is guided, which costs twice as much."""
    how = {"num_inference_steps": steps, "guidance_scale": 1.0, "seed": 1}
    source, clip_s = {"sampling_rate": RATE_HZ, **how}, pipeline.params.clip_seconds
    audio, half_s, third_s = recording(clip_s), clip_s / 2, clip_s / 3

    def inpaint():
        painted = pipeline.inpaint(audio, "rain", third_s, 2 * third_s, **source).audios[0]
        return {"exact_outside": bool(np.array_equal(*(_outside(x, third_s, 2 * third_s) for x in (painted, audio))))}

    def inpaint_by_mask():
        mask = np.zeros((512, pipeline.params.columns), bool)
        mask[100:300, mask.shape[1] // 3 : 2 * mask.shape[1] // 3] = True
        painted = pipeline.inpaint(audio, "rain", mask=mask, **source).audios[0]
        edges_s = (third_s - 0.1, 2 * third_s + 0.1)
        return {"exact_outside": bool(np.array_equal(*(_outside(x, *edges_s) for x in (painted, audio))))}

    def extend():
        longer = pipeline.extend(audio, "rain", half_s, **source)
        near = audio[:, -round(half_s * RATE_HZ) :]
        difference_db = level_db(longer.audios[0][:, audio.shape[1] :]) - level_db(near)
        return {**lasts(longer, 1.5 * clip_s), "level_difference_db": difference_db}

    def loop():
        looped = pipeline.loop(audio, "rain", third_s, **source).audios[0]
        step = np.abs(looped[:, 0] - looped[:, -1]) / np.abs(np.diff(looped, axis=1)).max(axis=1)
        return {"step_at_the_seam_over_largest_step": float(step.max())}

    def generate():
        guided = {**how, "guidance_scale": 7.5, "negative_prompt": "hum"}
        first = pipeline("(rain:1.2) on a [tin] roof", **guided)
        return {**lasts(first, clip_s), "finite": bool(np.isfinite(first.audios).all())}

    events = [(0, half_s, "rain"), (half_s, clip_s, "wind")]
    return {
        "generate, guided, weighted words": generate,
        "inpaint": inpaint,
        "inpaint by a painted mask": inpaint_by_mask,
        "generate in windows": lambda: lasts(pipeline("rain", seconds=2.5 * clip_s, **how), 2.5 * clip_s),
        "schedule": lambda: lasts(pipeline("[rain:wind:0.5]", **how), clip_s),
        "transform": lambda: lasts(pipeline.transform(audio, "rain", 1.0, **source), clip_s),
        "extend": extend,
        "loop": loop,
        "morph": lambda: {"clips": len(pipeline.morph(["rain", "wind"], 2, **how).images)},
        "timeline": lambda: lasts(pipeline.timeline(events, **how), clip_s),
        "mix": lambda: lasts(pipeline.mix([(0, 800, "rain"), (800, 20000, "wind")], **how), clip_s),
        "variations": lambda: lasts(pipeline.variations(pipeline("rain", **how), count=1, **how), clip_s),
        "stereo": lambda: {"channels": pipeline.stereo("rain", **how).audios.shape[1]},
        "upscale": lambda: lasts(pipeline.upscale(audio, 2, sampling_rate=RATE_HZ), clip_s),
    }


def _outside(audio, start_s: float, end_s: float) -> np.ndarray:
    """Samples before and after a stretch of time."""
    kept = np.r_[: round(start_s * RATE_HZ), round(end_s * RATE_HZ) : audio.shape[1]]
    return audio[:, kept]


def main():
    import torch

    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline_sd15", description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16")
    parser.add_argument("--columns", type=int, default=128, help="width of the pictures of most verbs (%(default)s)")
    parser.add_argument("--json", type=Path, help="write the result here too")
    options = parser.parse_args()
    pipeline = build_pipeline(getattr(torch, options.dtype))
    millions = {
        name: round(sum(p.numel() for p in getattr(pipeline, name).parameters()) / 1e6)
        for name in ("unet", "vae", "text_encoder")
    }
    result = {"million_parameters": millions, "dtype": options.dtype, "steps": options.steps, "verbs": {}}
    print(millions, flush=True)
    own = pipeline.params
    for columns in (own.columns, options.columns):
        pipeline.params = own.replace(columns=columns)
        for name, verb in verbs(pipeline, options.steps).items():
            if columns == own.columns and name not in AT_FULL_SIZE:
                continue
            began = time.process_time()
            key = f"{name}, {columns} x {own.height}"
            result["verbs"][key] = {**verb(), "cpu_s": round(time.process_time() - began, 1)}
            print(key, result["verbs"][key], flush=True)
    result["peak_memory_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    print("peak memory, GiB:", result["peak_memory_gb"])
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

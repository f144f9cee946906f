"""What suits each method and each amount of GPU memory, where nobody says otherwise."""

from spectrogram.problems import UsageProblem

METHOD_DEFAULTS = {
    "lora": {"rate": 8e-4, "steps": 300, "replay": 0.25},
    "textual_inversion": {"rate": 5e-3, "weight_decay": 0.0, "caption_dropout": 0.0},
    "dreambooth": {"rate": 1e-3, "steps": 250, "replay": 0.4, "trigger": "sks"},
    "full": {"rate": 1e-4, "weight_decay": 0.01},
    "scratch": {"rate": 1e-3, "steps": 1000},
    "aesthetic": {"steps": 1},
}

# Batch and accumulation keep 16 clips in an optimizer step; figures are for Stable Diffusion 1.5 at 512 x 512.
_SMALL = {"half_base": True, "precision": "fp16", "optimizer": "adamw"}
MEMORY = {
    4: {**_SMALL, "batch": 1, "accumulate": 16, "gradient_checkpointing": True, "rank": 8},
    6: {**_SMALL, "batch": 2, "accumulate": 8, "gradient_checkpointing": True},
    8: {**_SMALL, "batch": 4, "accumulate": 4, "gradient_checkpointing": True},
    12: {**_SMALL, "batch": 2, "accumulate": 8},
    24: {"half_base": True, "precision": "bf16", "optimizer": "adamw_fused", "batch": 4, "accumulate": 4,
         "channels_last": True},
}  # fmt: skip
FULL_NEEDS_GB = 24
# Computed on the meta device by python -m benchmarks.training.memory, for LoRA on the attention layers.
EXPECTED_GIB = {4: 2.4, 6: 3.1, 8: 4.5, 12: 8.8, 24: 15.9}


def for_memory(vram, method):
    """Settings for a GPU with ``vram`` GB; {} when none is named. Full training needs the largest."""
    if vram is None:
        return {}
    if method in ("full", "scratch") and vram < FULL_NEEDS_GB:
        raise UsageProblem(
            f"--vram {vram} with --method {method}",
            f"{FULL_NEEDS_GB} at Stable Diffusion 1.5's size: all 860 M weights have gradients and moments",
            "use --method lora, or leave --vram out for a small base",
        )
    chosen = MEMORY[vram]
    if method in ("full", "scratch"):
        return {**chosen, "half_base": False, "batch": 4, "accumulate": 4, "optimizer": "adamw_8bit",
                "gradient_checkpointing": True}  # fmt: skip
    return chosen


def explain(settings, vram):
    """One sentence: what ``--vram`` chose, and the memory that it expects at Stable Diffusion 1.5's size."""
    chosen = {name: getattr(settings, name) for name in {**MEMORY[vram], "targets": ""}}
    told = ", ".join(f"{name} {value}" for name, value in chosen.items())
    if settings.method != "lora" or any(chosen[name] != value for name, value in MEMORY[vram].items()):
        return f"--vram {vram}: {told}; its memory was not computed for these settings"
    return f"--vram {vram}: {told}; expected {EXPECTED_GIB[vram]:.1f} GiB and about 1 GiB of CUDA itself, computed"

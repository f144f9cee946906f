"""What suits a method, a base and an amount of GPU memory, where nobody says otherwise."""

from spectrogram.bases import locate_base
from spectrogram.known_bases import SD15, BaseFacts, facts_of
from spectrogram.problems import UsageProblem
from training.method_table import METHODS, carrier_of

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
CLIPS_A_STEP = 16
# Computed on the meta device by python -m benchmarks.training.memory, for LoRA on the attention layers.
EXPECTED_GIB = {4: 2.4, 6: 3.1, 8: 4.5, 12: 8.8, 24: 15.9}


def facts_about(base: str) -> BaseFacts:
    """What is known of the base that ``--base`` names."""
    return facts_of(locate_base(base))


def for_base(facts: BaseFacts, method: str) -> dict:
    """Settings that suit a method on a base; what a base does not say of a method is Stable Diffusion 1.5's."""
    return {**METHODS[method].settings, **facts.base.teaching.get(method, SD15.teaching[method])}


def for_memory(vram: int | None, values: dict, clips: int = CLIPS_A_STEP) -> dict:
    """Settings for a GPU with ``vram`` GB and ``clips`` a step; {} when none is named.

    ``values`` are those that are given and say what is trained. Raises UsageProblem where that is every weight and the
    GPU is smaller than the largest.
    """
    if not vram:
        return {}
    if vram not in MEMORY:
        raise UsageProblem(f"--vram {vram}", f"one of {', '.join(map(str, MEMORY))}", "take the next smaller one")
    trains_all = carrier_of(values).trains_all
    if trains_all and vram < FULL_NEEDS_GB:
        chose = ("--dreambooth-trains", "full") if values["method"] == "dreambooth" else ("--method", values["method"])
        raise UsageProblem(
            f"--vram {vram} with {' '.join(chose)}",
            f"{FULL_NEEDS_GB} at Stable Diffusion 1.5's size: all 860 M weights have gradients and moments",
            f"use {chose[0]} lora, or leave --vram out for a small base",
        )
    chosen = {**MEMORY[vram], "vram": vram}
    if trains_all:
        chosen |= {"half_base": False, "batch": 4, "optimizer": "adamw_8bit", "gradient_checkpointing": True}
    return {**chosen, "accumulate": max(1, clips // chosen["batch"])}


def explain_base(facts: BaseFacts, method: str) -> str:
    """One sentence: whose defaults these are, and what the base knows of sounds."""
    whose = {
        "beside": f"defaults of {facts.base.title}, which it brings itself",
        "table": f"defaults of {facts.base.title}",
        "assumed": f"the base is not known here: defaults of {facts.base.title}",
    }[facts.found]
    knows = "it knows sounds" if facts.knows_sounds else "it knows no sounds, so nothing of it is replayed"
    told = ", ".join(f"{name} {value}" for name, value in for_base(facts, method).items()) or "none of its own"
    return f"{whose} ({told}); {knows}"


def explain(settings, vram):
    """One sentence: what ``--vram`` chose, and the memory that it expects at Stable Diffusion 1.5's size."""
    chosen = {name: getattr(settings, name) for name in {**MEMORY[vram], "targets": ""}}
    told = ", ".join(f"{name} {value}" for name, value in chosen.items())
    if settings.method != "lora" or any(chosen[name] != value for name, value in MEMORY[vram].items()):
        return f"--vram {vram}: {told}; its memory was not computed for these settings, --rehearse measures it"
    expected = f"expected {EXPECTED_GIB[vram]:.1f} GiB and about 1 GiB of CUDA itself, computed for a step"
    return f"--vram {vram}: {told}; {expected}, --rehearse measures the whole run"

"""Generating with little GPU memory: what is moved, cut and halved for a card of so many gigabytes.

Weights of Stable Diffusion 1.x in half precision: UNet 1.72 GB, text encoder 0.25, VAE 0.17; activations for a clip of
512 x 512 with guidance: UNet 0.14 GB, VAE 0.40, on tiles 0.10 (benchmarks/pipeline/memory.py computes them). `model`
offloading keeps one of the three on the card at a time: 1.9 GB instead of 2.5. `sequential` keeps one layer: 0.2 GB,
and is several times slower. CUDA's context and workspaces, about 0.5 to 1 GB, come on top.
"""

from dataclasses import dataclass

from spectrogram.problems import UsageProblem

LOWEST_GB, LOWVRAM_GB = 1.0, 4.0
TILE = 256  # pixels


@dataclass(frozen=True)
class MemoryPlan:
    """What to do: offload is "none", "model" or "sequential"; `says` tells a person in one line."""

    offload: str
    slice_vae: bool
    tile_vae: bool
    says: str


def plan_memory(vram_gb: float | None) -> MemoryPlan:
    """The plan for a card of `vram_gb` gigabytes; None asks for nothing. Raises UsageProblem below 1 GB."""
    if vram_gb is None:
        return MemoryPlan("none", False, False, "all models stay on the device")
    if not vram_gb >= LOWEST_GB:
        raise UsageProblem(f"--vram is {vram_gb:g}", f"{LOWEST_GB:g} GB or more", "use --device cpu")
    if vram_gb >= 5.5:
        return MemoryPlan("none", True, False, "the VAE decodes clip by clip")
    if vram_gb >= 3:
        return MemoryPlan("model", True, vram_gb < 4.5, "one model at a time is on the card")
    return MemoryPlan("sequential", True, True, "one layer at a time is on the card, which is slow")


def save_memory(pipeline, plan: MemoryPlan, device: str):
    """The pipeline on its device, arranged by the plan; without a GPU nothing is offloaded, there is nowhere to."""
    vae = pipeline.vae
    if plan.slice_vae:
        vae.enable_slicing()
    if plan.tile_vae:
        vae.tile_sample_min_size = TILE
        vae.tile_latent_min_size = TILE // pipeline.vae_scale_factor
        vae.enable_tiling()
    if plan.offload == "none" or device == "cpu":
        return pipeline.to(device)
    if plan.offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_sequential_cpu_offload(device=device)
    return pipeline

"""Memory of training and generating at Stable Diffusion 1.5's size, computed on the meta device: nothing is allocated.

    python -m benchmarks.training.memory

Counted: weights, gradients and moments of what is trained, and the tensors that autograd keeps for the backward pass,
as its own hooks report them, each storage once. Not counted: the allocator's slack, cuDNN's workspaces and the CUDA
context (together about 0.5 to 1 GiB). A computed account is no measurement; it is said to be computed wherever shown.
"""

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel

from spectrogram.known_bases import SD15 as KNOWN_SD15
from training.flags import settings_of
from training.methods.lora import config
from training.settings import TARGETS

SD15 = {"block_out_channels": (320, 640, 1280, 1280), "cross_attention_dim": 768, "attention_head_dim": 8}
TOKENS, WIDTH = 77, 768


def weigh(tensors):
    """Bytes of tensors, each storage once."""
    found = {}
    for tensor in tensors:
        storage = tensor.untyped_storage()
        found[id(storage) if tensor.device.type == "meta" else storage.data_ptr()] = storage.nbytes()
    return sum(found.values())


class Kept:
    """Bytes that autograd keeps for the backward pass, without the weights; ``pack`` is a saved-tensors hook."""

    def __init__(self, weights):
        self.weights, self.alive, self.storages, self.bytes = {id(w.untyped_storage()) for w in weights}, [], set(), 0

    def pack(self, tensor):
        storage = tensor.untyped_storage()
        if id(storage) not in self.weights and id(storage) not in self.storages:
            self.storages.add(id(storage))
            # Holding the storage keeps its id from being given to another one.
            self.alive.append(storage)
            self.bytes += storage.nbytes()
        return tensor

    @staticmethod
    def unpack(tensor):
        return tensor


def unet(half, rank=None, checkpointing=False):
    """A UNet of Stable Diffusion 1.5 on the meta device, frozen under a LoRA if ``rank`` is given."""
    with torch.device("meta"):
        made = UNet2DConditionModel(sample_size=64, **SD15)
        if half:
            made.to(torch.float16)
        if rank:
            made.requires_grad_(False)
            made.add_adapter(config(settings_of({"rank": rank}), TARGETS["attention"]))
            for p in made.parameters():
                if p.requires_grad:
                    p.data = p.data.float()
    if checkpointing:
        made.enable_gradient_checkpointing()
    return made.train()


def activations(model, batch, dtype, side=64):
    """Bytes that autograd keeps of one forward pass in ``dtype``."""
    weights = list(model.parameters())
    kept = Kept(weights)
    shape = {"device": "meta", "dtype": dtype}
    noisy, words = torch.empty(batch, 4, side, side, **shape), torch.empty(batch, TOKENS, WIDTH, **shape)
    with torch.autograd.graph.saved_tensors_hooks(kept.pack, kept.unpack):
        model(noisy, torch.empty(batch, device="meta", dtype=torch.long), words)
    return kept.bytes


def largest_layer(model, batch, dtype):
    """Bytes that autograd keeps of the largest resnet or transformer: what checkpointing computes again at a time."""
    sizes, kept = [], Kept(list(model.parameters()))
    for module in model.modules():
        if isinstance(module, ResnetBlock2D | Transformer2DModel):
            module.register_forward_pre_hook(lambda *_: sizes.append(-kept.bytes))
            module.register_forward_hook(lambda *_: sizes.append(sizes.pop() + kept.bytes))
    shape = {"device": "meta", "dtype": dtype}
    noisy, words = torch.empty(batch, 4, 64, 64, **shape), torch.empty(batch, TOKENS, WIDTH, **shape)
    with torch.autograd.graph.saved_tensors_hooks(kept.pack, kept.unpack):
        model(noisy, torch.empty(batch, device="meta", dtype=torch.long), words)
    return max(sizes)


def account(what, half=True, rank=None, checkpointing=False, batch=1, moments_bytes=8):
    """One row: the parts in bytes and their sum in GiB. Without a rank all weights are trained, in float32."""
    model = unet(half, rank, checkpointing)
    trained = [p for p in model.parameters() if p.requires_grad]
    count = sum(p.numel() for p in trained)
    # The adapter computes in the base's precision here, as autocast makes it do on a GPU.
    for p in trained:
        p.data = p.data.to(torch.float16 if half else torch.float32)
    kept = activations(model, batch, torch.float16 if half else torch.float32)
    parts = {
        "weights": weigh(model.parameters()) + (4 - 2) * count * half,
        "gradients": 4 * count,
        "moments": moments_bytes * count,
        "activations": kept,
    }
    if checkpointing:
        model.disable_gradient_checkpointing()
        parts["computed again"] = largest_layer(model, batch, torch.float16 if half else torch.float32)
    return {"what": what, "parts": parts, "gib": sum(parts.values()) / 2**30}


def generation(what, half=True, batch=2):
    """Generating one 512 x 512 picture: all weights, and the largest tensors that live at once in the VAE's decoder.

    Guidance doubles the UNet's batch, whose pass is smaller than the decoder's: eight maps of 512 x 512 x 128.
    """
    size = 2 if half else 4
    weights = {"unet": 859_520_964, "text_encoder": 123_060_480, "vae": 83_653_863}
    decoder = 8 * 512 * 512 * 128 * size
    parts = {"weights": size * sum(weights.values()), "decoder": decoder}
    return {"what": what, "parts": parts, "gib": sum(parts.values()) / 2**30}


def account_preset(gigabytes):
    """The row of what ``--vram`` chooses for LoRA."""
    s = settings_of({"base": KNOWN_SD15.hub[0]}, gigabytes)
    what = f"--vram {gigabytes}: LoRA rank {s.rank}, batch {s.batch}{', checkpointing' * s.gradient_checkpointing}"
    return account(what, s.half_base, s.rank, s.gradient_checkpointing, s.batch)


def account_all():
    """Rows of the usual choices at Stable Diffusion 1.5's size, 512 x 512."""
    rows = [account_preset(gigabytes) for gigabytes in (4, 6, 8, 12, 24)]
    return [*rows, generation("generating one 512 x 512 picture in half precision")]


def main():
    for row in account_all():
        told = ", ".join(f"{name} {value / 2**20:.0f} MiB" for name, value in row["parts"].items())
        print(f"{row['what']}: {row['gib']:.2f} GiB computed ({told})")


if __name__ == "__main__":
    main()

"""LoRA's forward pass as one product: y = (W + s B A) x instead of W x + s B (A x).

The sum is made once a pass and is as small as W; the backward pass then has one weight gradient instead of four thin
products, and no scaled copies of the activations. Same numbers up to rounding; used for linear layers only, because a
convolution's weight gradient costs more than its two thin ones.
"""


def use(module):
    """Give every plain LoRA linear layer below a module the merged forward pass; returns how many there are."""
    from peft.tuners.lora.layer import Linear

    found = [layer for layer in module.modules() if isinstance(layer, Linear) and _is_plain(layer)]
    for layer in found:
        layer.forward = _forward(layer)
    return len(found)


def leave(module):
    """Back to peft's own forward pass."""
    for layer in module.modules():
        if "forward" in vars(layer) and hasattr(layer, "lora_A"):
            del layer.forward


def _is_plain(layer):
    """One adapter that is on, neither DoRA nor dropout, nor merged already."""
    names = layer.active_adapters
    return (
        len(names) == 1
        and not layer.merged
        and not layer.disable_adapters
        and not getattr(layer, "lora_variant", {}).get(names[0])
        and getattr(layer.lora_dropout[names[0]], "p", 0) == 0
    )


def _forward(layer):
    import torch

    name = layer.active_adapters[0]
    base, down, up = layer.get_base_layer(), layer.lora_A[name], layer.lora_B[name]
    scale = layer.scaling[name]

    def forward(x, *others, **more):
        with torch.autocast(x.device.type, enabled=False):
            weight = torch.addmm(base.weight.float(), up.weight, down.weight, alpha=scale)
        return torch.nn.functional.linear(x, weight.to(x.dtype), base.bias)

    return forward

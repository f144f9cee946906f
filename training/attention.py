"""Which attention kernel trains fastest: on the CPU plain products, elsewhere torch's fused one.

The backward pass of torch's fused attention took 30 % of a training step on two CPU cores (float32 and bfloat16 alike);
with plain matrix products a step of the base model takes 0.71 of the time. Here the softmax keeps the number format of
its input, whose sum torch accumulates in float32 all the same, instead of being cast there and back.
"""


class PlainAttention:
    """An attention processor of diffusers for Stable Diffusion 1.x's UNet: softmax(q kT / sqrt(d)) v, nothing else."""

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, temb=None, **others):
        import torch

        if attention_mask is not None or hidden_states.ndim != 3 or not _is_usual(attn):
            from diffusers.models.attention_processor import AttnProcessor

            return AttnProcessor()(attn, hidden_states, encoder_hidden_states, attention_mask, temb, **others)
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        heads = [_heads(x, attn.heads) for x in (attn.to_q(hidden_states), attn.to_k(context), attn.to_v(context))]
        q, k, v = heads
        scores = torch.matmul(q * attn.scale, k.transpose(-1, -2))
        with torch.autocast(scores.device.type, enabled=False):
            weights = torch.softmax(scores, dim=-1)
        found = torch.matmul(weights, v).transpose(1, 2).reshape(hidden_states.shape[0], hidden_states.shape[1], -1)
        return attn.to_out[1](attn.to_out[0](found))


def _heads(x, count):
    """(batch, tokens, width) as (batch, heads, tokens, width / heads), a view."""
    return x.view(x.shape[0], x.shape[1], count, -1).transpose(1, 2)


def _is_usual(attn):
    """Whether a layer has none of the extras of other models."""
    extras = (attn.spatial_norm, attn.group_norm, attn.norm_cross, attn.norm_q, attn.norm_k)
    return not any(extras) and not attn.residual_connection and attn.rescale_output_factor == 1


def choose(unet, device_type):
    """Set the UNet's attention for training on a device ("cpu", "cuda", …)."""
    from diffusers.models.attention_processor import AttnProcessor2_0

    unet.set_attn_processor(PlainAttention() if device_type == "cpu" else AttnProcessor2_0())

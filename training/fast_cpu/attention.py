"""Which attention trains fastest: on the CPU plain products with a backward pass of their own, elsewhere torch's.

The backward pass of torch's fused attention took 30 % of a training step on two CPU cores (float32 and bfloat16 alike);
with plain products a step of the base model takes 0.71 of the time. The softmax is computed in float32 and kept in the
number format of its input: in bfloat16 over 77 tokens it takes 2.6 times as long.

Among the 4,096 tokens of a 512 x 512 picture torch's own is twice as fast (process seconds of one thread, forward and
backward: float32 0.99 for 2.26, bfloat16 0.81 for 1.48; 1,024 tokens 0.11 for 0.17), and keeps no table of all pairs.
"""

from functools import cache

import torch
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0

from training.fast_cpu import merged_products, products

MANY_PAIRS = 2**20


class PlainAttention:
    """An attention processor of diffusers for Stable Diffusion 1.x's UNet: softmax(q kT / sqrt(d)) v, nothing else.

    ``together`` (`methods.merged.Together`) may know the weights of some layers side by side already.
    """

    def __init__(self, together=None):
        self.together = together

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, temb=None, **others):
        if attention_mask is not None or hidden_states.ndim != 3 or not _is_usual(attn):
            return AttnProcessor()(attn, hidden_states, encoder_hidden_states, attention_mask, temb, **others)
        x, context = hidden_states, encoder_hidden_states
        if context is None:
            q, k, v = _heads(self._project([attn.to_q, attn.to_k, attn.to_v], x), 3, attn.heads)
        else:
            (q,) = _heads(self._project([attn.to_q], x), 1, attn.heads)
            k, v = _heads(self._project([attn.to_k, attn.to_v], context), 2, attn.heads)
        found = _pay_attention(q, k, v, attn.scale)
        found = found.view(len(x), attn.heads, *found.shape[1:]).transpose(1, 2).flatten(2)
        return attn.to_out[1](self._project([attn.to_out[0]], found))

    def _project(self, layers, x):
        """What linear layers answer to x, side by side in the last dimension."""
        weight = self.together.weight_of(layers) if self.together is not None else None
        if weight is not None:
            return torch.nn.functional.linear(x, weight, layers[0].bias)
        if len(layers) > 1 and all(type(layer) is torch.nn.Linear and layer.bias is None for layer in layers):
            return torch.nn.functional.linear(x, torch.cat([layer.weight for layer in layers]))
        return torch.cat([layer(x) for layer in layers], dim=-1) if len(layers) > 1 else layers[0](x)


def _heads(x, parts, heads):
    """(batch, tokens, parts * width) as ``parts`` tensors (batch * heads, tokens, width / heads)."""
    batch, tokens = x.shape[:2]
    split = x.view(batch, tokens, parts, heads, -1).permute(2, 0, 3, 1, 4)
    return split.reshape(parts, batch * heads, tokens, -1).unbind(0)


def _pay_attention(q, k, v, scale):
    """softmax(scale q kT) v of (rows, tokens, width) tensors, the way that suits how many tokens there are."""
    if q.shape[1] * k.shape[1] < MANY_PAIRS:
        return _attend().apply(q, k, v, scale)
    return torch.nn.functional.scaled_dot_product_attention(q[None], k[None], v[None], scale=scale)[0]


@cache
def _attend():
    class Attend(torch.autograd.Function):
        """softmax(scale q kT) v of (rows, tokens, width) tensors; keeps the weights for the backward pass."""

        @staticmethod
        def forward(context, q, k, v, scale):
            scores = torch.baddbmm(q.new_empty(1, 1, 1), q, k.transpose(1, 2), beta=0, alpha=scale)
            weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(v.dtype)
            context.save_for_backward(q, k, v, weights)
            context.scale = scale
            return torch.bmm(weights, v)

        @staticmethod
        def backward(context, gradient):
            q, k, v, weights = context.saved_tensors
            unused, scale = q.new_empty(1, 1, 1), context.scale
            to_weights = torch.bmm(gradient, v.transpose(1, 2))
            to_scores = torch.ops.aten._softmax_backward_data(to_weights, weights, -1, weights.dtype)
            return (
                torch.baddbmm(unused, to_scores, k, beta=0, alpha=scale),
                torch.baddbmm(unused, to_scores.transpose(1, 2), q, beta=0, alpha=scale),
                torch.bmm(weights.transpose(1, 2), gradient),
                None,
            )

    return Attend


def _is_usual(attn):
    """Whether a layer has none of the extras of other models."""
    extras = (attn.spatial_norm, attn.group_norm, attn.norm_cross, attn.norm_q, attn.norm_k)
    return not any(extras) and not attn.residual_connection and attn.rescale_output_factor == 1


def choose(unet, device_type):
    """Set the UNet's attention, and on the CPU its other layers too, for training on a device ("cpu", "cuda", …)."""
    if device_type != "cpu":
        unet.set_attn_processor(AttnProcessor2_0())
        return
    products.use(unet)
    # Where a pass is computed twice, each layer makes its own weight, so that nothing outlives the first one.
    unet.set_attn_processor(PlainAttention(None if unet.is_gradient_checkpointing else merged_products.Together(unet)))

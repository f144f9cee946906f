"""How a text encoder reads prompts with weights, schedules and more words than it takes at once.

Plain prompts that fit go through diffusers untouched. The others are embedded by compel: a word that weighs more lies
farther from the empty prompt, one that weighs less is blended with the prompt without it, and long prompts are read in
pieces of 75 tokens whose embeddings stand one after another, as in AUTOMATIC1111.
"""

from collections.abc import Callable
from contextlib import contextmanager
from typing import NamedTuple

import torch
from compel.embeddings_provider import EmbeddingsProvider
from transformers import logging

from spectrogram.problems import UsageProblem
from spectrogram.prompts.language import Fragments, Stage, is_plain, stages, take_out_tags


class StageEmbeddings(NamedTuple):
    """Embeddings (1, tokens, width) that hold from step `first` on; without guidance there is no negative."""

    first: int
    embeds: torch.Tensor
    negative_embeds: torch.Tensor | None


def read(pipeline, stock: Callable, prompt, device, count: int, guided: bool, negative_prompt=None):
    """Embeddings (prompts x `count`, tokens, width) of the prompt and of the negative one, else None.

    Of a schedule the first stage is read.

    `stock` is diffusers' `encode_prompt`, which reads what is plain and fits.
    """
    prompt, negative_prompt = _without_tags(prompt), _without_tags(negative_prompt)
    prompts, negatives = _listed(prompt), _listed(negative_prompt)
    if all(_fits(pipeline, text) for text in [*prompts, *negatives]):
        return stock(prompt, device, count, guided, negative_prompt)
    negatives = negatives * len(prompts) if len(negatives) == 1 else negatives or [""] * len(prompts)
    if len(negatives) != len(prompts):
        raise UsageProblem(f"{len(negatives)} negative prompts are given", f"1 or {len(prompts)}", "count them")
    texts = [*negatives, *prompts] if guided else prompts
    rows = same_length(pipeline, [_embed(pipeline, stages(text, 1)[0].fragments, device) for text in texts])
    rows = [row.repeat_interleave(count, dim=0) for row in rows]
    positive = torch.cat(rows[-len(prompts) :])
    return positive, torch.cat(rows[: len(prompts)]) if guided else None


def encode_stages(pipeline, prompt: str, negative_prompt: str, steps: int, guided: bool) -> list[StageEmbeddings]:
    """The prompt's embeddings for each stage of its schedule and the negative prompt's; the first begins at 0."""
    prompt, negative_prompt = _without_tags(prompt), _without_tags(negative_prompt)
    device, words, against = pipeline._execution_device, stages(prompt, steps), stages(negative_prompt, steps)
    if len(words) == len(against) == 1:
        return [StageEmbeddings(0, *pipeline.encode_prompt(prompt, device, 1, guided, negative_prompt))]
    if pipeline.state.steering is not None:
        raise UsageProblem(f"{prompt!r} changes by itself", "no schedule beside an aesthetic", "leave one out")
    seen: dict[Fragments, torch.Tensor] = {}
    for stage in [*words, *(against if guided else [])]:
        if stage.fragments not in seen:
            seen[stage.fragments] = _embed(pipeline, stage.fragments, device)
    seen = dict(zip(seen, same_length(pipeline, list(seen.values())), strict=True))
    firsts = sorted({stage.first for stage in [*words, *against]})
    return [
        StageEmbeddings(first, seen[_at(words, first)], seen[_at(against, first)] if guided else None)
        for first in firsts
    ]


def is_scheduled(prompt: str | None, steps: int) -> bool:
    """Whether the prompt says different things at different steps."""
    return prompt is not None and not is_plain(prompt) and len(stages(prompt, steps)) > 1


def cut_words(pipeline, prompt: str) -> str:
    """The end of the prompt that the text encoder cannot read in one piece; empty when all of it fits."""
    limit = pipeline.tokenizer.model_max_length
    tokens = pipeline.tokenizer(prompt, truncation=False, verbose=False).input_ids[1:-1]
    # A tokenizer that a learned word was taken out of no longer turns its end-of-word marks into blanks.
    return pipeline.tokenizer.decode(tokens[limit - 2 :]).replace("</w>", " ").strip()


def same_length(pipeline, rows: list[torch.Tensor]) -> list[torch.Tensor]:
    """All rows with as many pieces as the longest; what is missing is the empty prompt."""
    longest = max(row.shape[1] for row in rows)
    if all(row.shape[1] == longest for row in rows):
        return rows
    empty = _embed(pipeline, (("", 1.0),), rows[0].device)
    count = [(longest - row.shape[1]) // empty.shape[1] for row in rows]
    return [torch.cat([row, *[empty.expand(len(row), -1, -1)] * n], dim=1) for row, n in zip(rows, count, strict=True)]


def _without_tags(texts):
    """The prompt, or each of several, without tags that are no words."""
    if isinstance(texts, list | tuple):
        return [take_out_tags(text)[0] for text in texts]
    return texts and take_out_tags(texts)[0]


@contextmanager
def with_fewer_layers(text_encoder, count: int | None):
    """Within the context the text encoder ends `count` layers earlier, before its last norm: diffusers' clip_skip."""
    inner = getattr(text_encoder, "text_model", text_encoder).encoder
    layers = inner.layers
    if count and not 0 <= count < len(layers):
        raise UsageProblem(f"clip_skip is {count}", f"0 to {len(layers) - 1}", "leave it out")
    inner.layers = layers[: len(layers) - count] if count else layers
    try:
        yield
    finally:
        inner.layers = layers


def _fits(pipeline, text: str) -> bool:
    return is_plain(text) and not cut_words(pipeline, pipeline.maybe_convert_prompt(text, pipeline.tokenizer))


@torch.no_grad()
def _embed(pipeline, fragments: Fragments, device) -> torch.Tensor:
    """(1, tokens, width) on the device, in the text encoder's precision."""
    texts = [pipeline.maybe_convert_prompt(text, pipeline.tokenizer) for text, _ in fragments]
    # The tokenizer warns of prompts that compel is about to cut into pieces.
    logging.get_logger("transformers.tokenization_utils_base").setLevel(logging.ERROR)
    reader = EmbeddingsProvider(pipeline.tokenizer, pipeline.text_encoder, truncate=False, device=device)
    rows = reader.get_embeddings_for_weighted_prompt_fragments([texts], [[weight for _, weight in fragments]])
    return rows.to(device, pipeline.text_encoder.dtype)


def _at(found: list[Stage], step: int) -> Fragments:
    return [stage for stage in found if stage.first <= step][-1].fragments


def _listed(texts) -> list[str]:
    if texts is None:
        return []
    return [texts] if isinstance(texts, str) else list(texts)

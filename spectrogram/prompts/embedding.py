"""A pipeline that reads prompts with weights, schedules and more words than its text encoder takes at once.

Plain prompts that fit go through diffusers untouched. The others are embedded by compel: a word that weighs more lies
farther from the empty prompt, one that weighs less is blended with the prompt without it, and long prompts are read in
pieces of 75 tokens whose embeddings stand one after another, as in AUTOMATIC1111.
"""

from typing import NamedTuple

import torch

from spectrogram.problems import UsageProblem
from spectrogram.prompts.language import Fragments, Stage, is_plain, stages


class Spoken(NamedTuple):
    """Embeddings (1, tokens, width) that hold from step `first` on; without guidance there is no negative."""

    first: int
    embeds: torch.Tensor
    negative_embeds: torch.Tensor | None


class Prompted:
    """Part of the pipeline: `encode_prompt` as diffusers calls it, `encode_stages` for loops with schedules."""

    def encode_prompt(
        self,
        prompt,
        device,
        num_images_per_prompt,
        do_classifier_free_guidance,
        negative_prompt=None,
        prompt_embeds=None,
        negative_prompt_embeds=None,
        **others,
    ):
        """diffusers' method, which also reads weights and long prompts; of a schedule it reads the first stage."""
        given = prompt_embeds is not None or negative_prompt_embeds is not None
        prompts, negatives = _listed(prompt), _listed(negative_prompt)
        if given or all(self._reads_as_it_is(text) for text in [*prompts, *negatives]):
            return super().encode_prompt(
                prompt,
                device,
                num_images_per_prompt,
                do_classifier_free_guidance,
                negative_prompt,
                prompt_embeds,
                negative_prompt_embeds,
                **others,
            )
        negatives = negatives * len(prompts) if len(negatives) == 1 else negatives or [""] * len(prompts)
        if len(negatives) != len(prompts):
            raise UsageProblem(f"{len(negatives)} negative prompts are given", f"1 or {len(prompts)}", "count them")
        texts = [*negatives, *prompts] if do_classifier_free_guidance else prompts
        rows = self._same_length([self._embed(stages(text, 1)[0].fragments, device) for text in texts])
        rows = [row.repeat_interleave(num_images_per_prompt, dim=0) for row in rows]
        positive = torch.cat(rows[-len(prompts) :])
        return positive, torch.cat(rows[: len(prompts)]) if do_classifier_free_guidance else None

    def encode_stages(self, prompt: str, negative_prompt: str, steps: int, guided: bool) -> list[Spoken]:
        """The prompt's embeddings for each stage of its schedule and the negative prompt's; the first begins at 0."""
        device, words, against = self._execution_device, stages(prompt, steps), stages(negative_prompt, steps)
        if len(words) == len(against) == 1:
            return [Spoken(0, *self.encode_prompt(prompt, device, 1, guided, negative_prompt))]
        if self._aesthetic is not None:
            raise UsageProblem(f"{prompt!r} changes by itself", "no schedule beside an aesthetic", "leave one out")
        seen: dict[Fragments, torch.Tensor] = {}
        for stage in [*words, *(against if guided else [])]:
            if stage.fragments not in seen:
                seen[stage.fragments] = self._embed(stage.fragments, device)
        seen = dict(zip(seen, self._same_length(list(seen.values())), strict=True))
        firsts = sorted({stage.first for stage in [*words, *against]})
        return [
            Spoken(first, seen[_at(words, first)], seen[_at(against, first)] if guided else None) for first in firsts
        ]

    def is_scheduled(self, prompt: str | None, steps: int) -> bool:
        """Whether the prompt says different things at different steps."""
        return prompt is not None and not is_plain(prompt) and len(stages(prompt, steps)) > 1

    def cut_words(self, prompt: str) -> str:
        """The end of the prompt that the text encoder cannot read in one piece; empty when all of it fits."""
        limit = self.tokenizer.model_max_length
        tokens = self.tokenizer(prompt, truncation=False, verbose=False).input_ids[1:-1]
        # A tokenizer that a learned word was taken out of no longer turns its end-of-word marks into blanks.
        return self.tokenizer.decode(tokens[limit - 2 :]).replace("</w>", " ").strip()

    def _reads_as_it_is(self, text: str) -> bool:
        return is_plain(text) and not self.cut_words(self.maybe_convert_prompt(text, self.tokenizer))

    @torch.no_grad()
    def _embed(self, fragments: Fragments, device) -> torch.Tensor:
        """(1, tokens, width) on the device, in the text encoder's precision."""
        texts = [self.maybe_convert_prompt(text, self.tokenizer) for text, _ in fragments]
        reader = self._compel(device)
        rows = reader.get_embeddings_for_weighted_prompt_fragments([texts], [[weight for _, weight in fragments]])
        return rows.to(device, self.text_encoder.dtype)

    def _compel(self, device):
        from compel.embeddings_provider import EmbeddingsProvider
        from transformers import logging

        # The tokenizer warns of prompts that compel is about to cut into pieces.
        logging.get_logger("transformers.tokenization_utils_base").setLevel(logging.ERROR)
        return EmbeddingsProvider(self.tokenizer, self.text_encoder, truncate=False, device=device)

    def _same_length(self, rows: list[torch.Tensor]) -> list[torch.Tensor]:
        """All rows with as many pieces as the longest; what is missing is the empty prompt."""
        longest = max(row.shape[1] for row in rows)
        if all(row.shape[1] == longest for row in rows):
            return rows
        empty = self._embed((("", 1.0),), rows[0].device)
        count = [(longest - row.shape[1]) // empty.shape[1] for row in rows]
        return [
            torch.cat([row, *[empty.expand(len(row), -1, -1)] * n], dim=1) for row, n in zip(rows, count, strict=True)
        ]


def _at(found: list[Stage], step: int) -> Fragments:
    return [stage for stage in found if stage.first <= step][-1].fragments


def _listed(texts) -> list[str]:
    if texts is None:
        return []
    return [texts] if isinstance(texts, str) else list(texts)

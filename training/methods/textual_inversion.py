"""Textual inversion (Gal et al. 2023): a new word, its embeddings learned, everything else frozen.

Saved twice: learned_embeds.safetensors as diffusers reads it, and NAME.safetensors with ``emb_params`` for
AUTOMATIC1111 and ComfyUI, whose word is the file's name.
"""

from pathlib import Path

import torch

from spectrogram import json_text
from spectrogram.adapters.safetensors_file import write
from spectrogram.params import KEY
from spectrogram.problems import UsageProblem
from training.method_table import WORD_FILE, trigger_of
from training.methods.method import Method
from training.settings import TrainSettings

WEBUI_KEY = "emb_params"
TEMPLATES = ("{}", "the sound of {}", "a recording of {}", "{} in the distance", "{} nearby", "you can hear {}")


def word(settings):
    """The new word as prompts write it."""
    return trigger_of(settings.to_dict())


def captions(settings, captions):
    """Sentences with the new word; the dataset's own wordings would give away what the word must learn."""
    return [[template.format(word(settings)) for template in TEMPLATES] for _ in captions]


def build(settings, base):
    return TextualInversion(settings, base)


class TaughtTable(torch.nn.Module):
    """An embedding table in which the rows of a new word's tokens alone are trained.

    Args:
        table: The base's own. It may have more rows than the tokenizer has tokens; what counts is where the ids fall.
        ids: Token ids of the new word, one after the other.
        start: Ids of the tokens that its rows begin as, in turn.
    """

    def __init__(self, table, ids, start):
        super().__init__()
        self.table, self.first = table, ids[0]
        begin = table.weight[[start[n % len(start)] for n in range(len(ids))]]
        self.taught = torch.nn.Parameter(begin.detach().float().clone())

    @property
    def weight(self):
        rows, after = self.table.weight, self.first + len(self.taught)
        return torch.cat([rows[: self.first], self.taught.to(rows.dtype), rows[after:]])

    def forward(self, ids):
        own, rows = ids - self.first, self.table.weight
        is_new = (own >= 0) & (own < len(self.taught))
        new = torch.nn.functional.embedding(own.clamp(0, len(self.taught) - 1), self.taught)
        return torch.where(is_new[..., None], new.to(rows.dtype), self.table(ids.clamp(max=len(rows) - 1)))


class TextualInversion(Method):
    """The embeddings of one word, `vectors` of them; they start as a known word, each moved a little."""

    reads_words = True

    def prepare(self):
        s, tokenizer, encoder = self.settings, self.tokenizer, self.text_encoder
        self.word = word(s)
        # diffusers names the further vectors of a word like this, and puts them into prompts by itself.
        self.tokens = [self.word, *(f"{self.word}_{n}" for n in range(1, s.vectors))]
        if any(token in tokenizer.get_vocab() for token in self.tokens):
            raise UsageProblem(f"the base knows the word {self.word}", "a new one", "choose another --trigger")
        pieces = tokenizer(s.initial_word, add_special_tokens=False).input_ids
        if not pieces:
            raise UsageProblem("--initial-word is empty", "a word that the base knows", "try --initial-word sound")
        # The word that nobody chose begins with as many of its tokens as there is room for.
        if len(pieces) > s.vectors and s.initial_word == TrainSettings().initial_word:
            pieces = pieces[: s.vectors]
        if len(pieces) > s.vectors:
            told = f"--initial-word {s.initial_word!r} is {len(pieces)} tokens, --vectors is {s.vectors}"
            raise UsageProblem(told, "a vector for each token to begin as", f"use --vectors {len(pieces)}")
        table = encoder.get_input_embeddings()
        tokenizer.add_tokens(self.tokens)
        ids = tokenizer.convert_tokens_to_ids(self.tokens)
        self.unet.requires_grad_(False)
        encoder.requires_grad_(False)
        self.table = TaughtTable(table, ids, pieces)
        spread = 0.1 * table.weight.std()
        with torch.no_grad():
            self.table.taught += spread * torch.randn(
                self.table.taught.shape, generator=torch.Generator().manual_seed(s.seed)
            )
        encoder.set_input_embeddings(self.table)

    def spell(self, text):
        return text.replace(self.word, " ".join(self.tokens))

    def parts(self):
        return {"unet": self.unet, "text_encoder": self.text_encoder, "tokenizer": self.tokenizer}

    def save(self, folder, params, extra):
        folder, learned = Path(folder), self.table.taught.detach().cpu().contiguous()
        folder.mkdir(parents=True, exist_ok=True)
        header = {KEY: json_text.dumps(params.to_dict()), "format": "pt", "token": self.word, **extra}
        write(folder / f"{self.word.strip('<>')}.safetensors", {WEBUI_KEY: learned}, header)
        return write(folder / WORD_FILE.file, {self.word: learned}, header)

    @staticmethod
    def load_into(pipeline, saved):
        pipeline.load_textual_inversion(str(saved))
        return pipeline


TAUGHT = TextualInversion

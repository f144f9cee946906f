"""The base model's words: a byte-level BPE tokenizer in CLIP's layout and a small CLIP text encoder."""

import json
from itertools import product
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from dataset_builder.soundscapes.synthesis import captions
from dataset_builder.soundscapes.synthesis.catalogue import CATALOGUE
from spectrogram import json_text

SPECIALS = ("<|startoftext|>", "<|endoftext|>")
# Words of sound that the corpus does not use: each keeps a token of its own, so that an adapter can teach it.
SPARE_WORDS = (Path(__file__).parent / "spare_words.txt").read_text(encoding="utf-8").split()


def sentences():
    """Text that the tokenizer learns from: every phrase, attribute word and joining form, and the spare words."""
    phrases = [p for sound in CATALOGUE.values() for p in (*sound.phrases, sound.unseen_phrase)]
    words = [w for forms in captions.WORDS.values() for group in forms for w in group]
    joins = [form.format(a=a, b=b) for form, (a, b) in product((*captions.WHILE, *captions.THEN), [("a", "the")])]
    return [*phrases * 8, *words * 40, *joins * 40, *captions.OPENINGS * 40, *SPARE_WORDS * 3]


def byte_characters():
    """The printable stand-ins of the 256 bytes, in the order of CLIP's vocabulary."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    rest = [b for b in range(256) if b not in shown]
    return [chr(b) for b in shown] + [chr(256 + k) for k in range(len(rest))]


def train_tokenizer(folder, vocabulary, tokens):
    """Train and save vocab.json and merges.txt (and tokenizer.json); returns a CLIPTokenizer without unknown tokens."""
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer = normalizers.Lowercase()
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, end_of_word_suffix="</w>", show_progress=False)
    learner.train_from_iterator(sentences(), trainer)
    merges = [m if isinstance(m, str) else " ".join(m) for m in json.loads(learner.to_str())["model"]["merges"]]
    letters = byte_characters()
    entries = [*letters, *(c + "</w>" for c in letters), *("".join(m.split(" ")) for m in merges), *SPECIALS]
    entries = list(dict.fromkeys(entries))
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(
        json_text.dumps({t: i for i, t in enumerate(entries)}, ensure_ascii=False), encoding="utf-8"
    )
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    return CLIPTokenizer.from_pretrained(folder, model_max_length=tokens)


def build_encoder(settings, tokenizer):
    """An untrained CLIPTextModel of the recipe's size."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=settings.text_width,
            intermediate_size=4 * settings.text_width,
            projection_dim=settings.text_width,
            num_hidden_layers=settings.text_layers,
            num_attention_heads=settings.text_heads,
            max_position_embeddings=77,
            hidden_act="quick_gelu",
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def tokenize(tokenizer, texts):
    """Token ids (texts, model_max_length), padded and cut as Stable Diffusion's pipelines do."""
    return tokenizer(
        texts, padding="max_length", truncation=True, max_length=tokenizer.model_max_length, return_tensors="pt"
    ).input_ids

"""Learned words in a pipeline: textual inversion through diffusers' own method, from checked files only."""

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from transformers import logging

from spectrogram.adapters.embeddings import read_embedding


def load_word(pipeline, stock: Callable, source, token: str | None, **others):
    """Load a learned word, safetensors only; a local file or folder is checked before anything of it is loaded."""
    if not isinstance(source, dict | list) and Path(source).exists():
        found = read_embedding(source, pipeline.text_encoder.config.hidden_size)
        token = token or found.word
        source = {token: found.vectors if len(found.vectors) > 1 else found.vectors[0]}
    if not isinstance(source, dict):
        others["use_safetensors"] = True
    with _without_warnings():
        stock(source, token=token, **others)
    pipeline.state.words = (*pipeline.state.words, token or "a word from the Hub")


def unload_words(pipeline, stock: Callable, *given, **others):
    """The tokenizer and the embeddings are the base's again, and recipes name no word.

    Without a learned word nothing happens: what the base's own tokenizer added stays.
    """
    if pipeline.state.words:
        stock(*given, **others)
        pipeline.state.words = ()


@contextmanager
def _without_warnings():
    """transformers explains how it fills new rows of an embedding, which are overwritten at once."""
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)

"""A pipeline that takes learned words and aesthetics: checked files only, and nothing stays that was not asked for."""

from contextlib import contextmanager
from pathlib import Path

from spectrogram.adapters.embeddings import read_embedding
from spectrogram.problems import UsageProblem


@contextmanager
def _without_warnings():
    """transformers explains how it fills new rows of an embedding, which are overwritten at once."""
    from transformers import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)


class Taught:
    """Part of the pipeline: textual inversion through diffusers' own method, aesthetics around `encode_prompt`."""

    _aesthetic: dict | None = None
    _through: str = "words"
    _words: tuple[str, ...] = ()

    def load_textual_inversion(self, pretrained_model_name_or_path, token=None, **others):
        """diffusers' method, safetensors only; a local file or folder is checked before anything of it is loaded."""
        source = pretrained_model_name_or_path
        if not isinstance(source, dict | list) and Path(source).exists():
            found = read_embedding(source, self.text_encoder.config.hidden_size)
            token = token or found.word
            source = {token: found.vectors if len(found.vectors) > 1 else found.vectors[0]}
        if not isinstance(source, dict):
            others["use_safetensors"] = True
        with _without_warnings():
            super().load_textual_inversion(source, token=token, **others)
        self._words = (*self._words, token or "a word from the Hub")

    def unload_textual_inversion(self, *given, **others):
        """diffusers' method; the tokenizer and the embeddings are the base's again, and recipes name no word.

        Without a learned word nothing happens: what the base's own tokenizer added stays.
        """
        if not self._words:
            return
        super().unload_textual_inversion(*given, **others)
        self._words = ()

    def load_aesthetic(self, aesthetic, steps=None, rate=None, ear=None, through="words", on_step=None):
        """Read every prompt from now on nearer to an Aesthetic (or its file); raises for one of another ear.

        ``through`` "words" or "picture": what is compared with it (`aesthetic.steered`); each has its own usual steps.
        ``on_step(done, steps)`` is told of each step while a prompt is read.
        """
        from spectrogram.adapters import aesthetic as gradients
        from spectrogram.ears.clip import open_ear

        if not isinstance(aesthetic, gradients.Aesthetic):
            aesthetic = gradients.Aesthetic.read(aesthetic)
        ear = ear or open_ear(self.name_or_path, str(self.device))
        gradients.check_ear(aesthetic, ear)
        if through not in gradients.THROUGH:
            raise UsageProblem(f"an aesthetic through {through!r}", f"one of {gradients.THROUGH}", "choose one")
        steps = gradients.STEPS[through] if steps is None else steps
        if rate is None:
            rate = self.defaults.aesthetic_rate if through == "words" else gradients.PICTURE_RATE
        self._aesthetic = {"aesthetic": aesthetic, "ear": ear, "steps": steps, "rate": rate, "on_step": on_step}
        self._through = through

    def unload_aesthetic(self):
        """Prompts are read as the base reads them again."""
        self._aesthetic = None

    def taught_settings(self) -> dict:
        """What the recipes say of learned words and the aesthetic in use; empty without any."""
        told = {"words": " ".join(self._words)} if self._words else {}
        if self._aesthetic:
            chosen = self._aesthetic
            told |= {"aesthetic": chosen["aesthetic"].name, "aesthetic_steps": chosen["steps"],
                     "aesthetic_rate": chosen["rate"], "aesthetic_through": self._through}  # fmt: skip
        return told

    def encode_prompt(self, prompt, device, num_images_per_prompt, do_classifier_free_guidance, *rest, **others):
        """diffusers' method; each prompt is read by an encoder steered for it alone, the negative one as it is."""
        import torch

        encode = super().encode_prompt
        whole = encode(prompt, device, num_images_per_prompt, do_classifier_free_guidance, *rest, **others)
        if self._aesthetic is None or prompt is None or others.get("prompt_embeds") is not None:
            return whole
        prompts = [prompt] if isinstance(prompt, str) else prompt
        read = {text: self._steered(encode, text, device, num_images_per_prompt) for text in dict.fromkeys(prompts)}
        rows = [read[text] for text in prompts]
        # A short prompt beside long ones is as long as they are once all are read.
        *rows, _ = self._same_length([*rows, whole[0][:1]])
        return torch.cat(rows), whole[1]

    def _steered(self, encode, text, device, count):
        from spectrogram.adapters.aesthetic import steered
        from spectrogram.adapters.aesthetic_pictures import Painted

        spelled = self.maybe_convert_prompt(text, self.tokenizer)
        ids = self.tokenizer(
            spelled, padding="max_length", truncation=True, max_length=self.tokenizer.model_max_length,
            return_tensors="pt",
        ).input_ids.to(device)  # fmt: skip
        fit = None
        if self._through == "picture":
            fit = Painted(self, self._aesthetic["aesthetic"], self._aesthetic["ear"])
        with steered(self.text_encoder, ids, **self._aesthetic, fit=fit):
            return encode(text, device, count, False)[0]

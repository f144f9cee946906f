"""DreamBooth (Ruiz et al. 2023): one rare word for one sound, and clips of its kind so that the kind is not forgotten.

The prior-preservation clips are the replay (`replay.py`), with the class prompt first among them. LoRA or the full
UNet carries what is learned.
"""

from training.methods import full, lora


def instance_prompt(settings):
    """What every clip is called: the kind of sound, marked with the rare word."""
    kind = settings.class_prompt.strip()
    article, _, rest = kind.partition(" ")
    return f"{article} {settings.trigger} {rest}" if article in ("a", "an", "the") else f"{settings.trigger} {kind}"


def captions(settings, captions):
    """One wording for all clips."""
    return [[instance_prompt(settings)] for _ in captions]


def build(settings, base):
    return {"lora": lora, "full": full}[settings.dreambooth_trains].build(settings, base)

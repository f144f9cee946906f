"""Every choice of the base model's recipe, read from YAML; one source of defaults."""

from dataclasses import asdict, dataclass, fields

from spectrogram.problems import Problem
from training.flags import read_yaml


@dataclass(frozen=True)
class ScratchSettings:
    """The recipe. Sizes are in the units of the library that uses them (channels, tokens, samples)."""

    preset: str = "mini"
    seed: int = 7
    # The corpus: clips of one or two sounds, and drills in twins (see ``composing`` and ``drills``).
    sounds_clips: int = 8_000
    drills_clips: int = 3_000
    drill_kinds: tuple[float, ...] = (0.35, 0.4, 0.25)
    drills_drawn: float = 0.25
    spoken_share: float = 0.15
    # Folders of recordings with metadata.csv; of those without a split, the share of sources that the base may hear.
    recordings: tuple[str, ...] = ()
    recordings_share: float = 0.5
    vae_widths: tuple[int, ...] = (16, 32, 64, 64)
    vae_channels: int = 6
    vae_clips: int = 2_000
    vae_samples: int = 40_000
    vae_batch: int = 4
    vae_rate: float = 1e-3
    vae_edge_weight: float = 0.5
    vae_grain_weight: float = 0.3
    vae_noise: float = 0.1
    text_width: int = 128
    text_layers: int = 2
    text_heads: int = 4
    vocabulary: int = 1600
    tokens: int = 77
    unet_widths: tuple[int, ...] = (48, 96, 144)
    unet_layers: int = 2
    unet_heads: int = 4
    samples: int = 250_000
    batch: int = 64
    rate: float = 8e-4
    # For how much of the run the text encoder learns with the UNet.
    text_share: float = 0.5
    # How much of the UNet that a run started from is mixed into the finished one: what the run forgot comes back.
    start_share: float = 0.0
    warmup_steps: int = 60
    flat_share: float = 0.5
    ema_decay: float = 0.998
    caption_dropout: float = 0.1
    prediction: str = "v_prediction"
    steps: int = 20
    guidance: float = 3.0
    guidance_rescale: float = 0.5
    aesthetic_rate: float = 5e-4
    threads: int = 2

    @classmethod
    def read(cls, path):
        """Settings from a YAML file; an unknown key is refused and the known ones are listed."""
        values = read_yaml(path)
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise Problem(
                f"{path} has unknown settings {unknown}", f"expected some of {sorted(known)}", "correct the names"
            )
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})

    @classmethod
    def from_dict(cls, values):
        """Settings from a model's recipe.json; what a former recipe named besides is left out."""
        known = {f.name for f in fields(cls)} & set(values)
        return cls(**{k: tuple(values[k]) if isinstance(values[k], list) else values[k] for k in known})

    def to_dict(self):
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

"""Every choice of the base model's recipe, read from YAML; one source of defaults."""

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import yaml

from spectrogram.problems import Problem


@dataclass(frozen=True)
class ScratchSettings:
    """The recipe. Sizes are in the units of the library that uses them (channels, tokens, samples)."""

    preset: str = "mini"
    seed: int = 7
    corpus_clips: int = 20_000
    vae_widths: tuple[int, ...] = (16, 32, 64, 64)
    vae_clips: int = 2_000
    vae_samples: int = 26_000
    vae_rate: float = 2e-3
    vae_edge_weight: float = 0.5
    text_width: int = 128
    text_layers: int = 2
    text_heads: int = 4
    vocabulary: int = 1600
    tokens: int = 77
    unet_widths: tuple[int, ...] = (48, 96, 144)
    unet_heads: int = 4
    samples: int = 156_800
    batch: int = 64
    rate: float = 1.2e-3
    warmup_steps: int = 60
    flat_share: float = 0.6
    ema_decay: float = 0.998
    caption_dropout: float = 0.1
    prediction: str = "v_prediction"
    steps: int = 20
    guidance: float = 3.0
    guidance_rescale: float = 0.5
    aesthetic_rate: float = 5e-4
    threads: int = 2
    # Phase two: the finished model goes on, text encoder and VAE encoder frozen; 0 samples leave it out.
    second_samples: int = 0
    second_clips: int = 6_000
    second_rate: float = 8e-4
    second_flat_share: float = 0.5
    second_spoken_share: float = 0.55
    second_pair_share: float = 0.3
    decoder_samples: int = 0
    decoder_rate: float = 1e-3
    decoder_noise: float = 0.15
    decoder_line_weight: float = 0.5
    # Phase three: text encoder (for a share of the steps, then frozen) and UNet go on with drills; 0 samples: none.
    third_samples: int = 0
    third_clips: int = 7_000
    third_rate: float = 8e-4
    third_flat_share: float = 0.4
    third_text_share: float = 0.5
    third_kinds: tuple[float, ...] = (0.4, 0.42, 0.18)
    third_drills_drawn: float = 0.5
    # Phase four: more latent channels, first in the VAE, then in the UNet; text encoder as it is; 0 samples: none.
    fourth_channels: int = 8
    fourth_vae_samples: int = 0
    fourth_vae_batch: int = 4
    fourth_vae_rate: float = 1e-3
    fourth_fast_drawn: float = 0.5
    fourth_noise: float = 0.1
    fourth_hold: float = 0.1
    fourth_pooled: float = 1.0
    fourth_samples: int = 0
    fourth_rate: float = 8e-4
    fourth_flat_share: float = 0.5
    fourth_recordings_drawn: float = 0.06
    # Phase five: dead latent channels go, the UNet gets more layers and clips of tones; 0 samples: none.
    fifth_dead_width: float = 0.5
    fifth_layers: tuple[int, ...] = (2, 2, 1)
    fifth_clips: int = 12_000
    fifth_samples: int = 0
    fifth_rate: float = 8e-4
    fifth_flat_share: float = 0.5
    fifth_tones_drawn: float = 0.3
    fifth_drills_drawn: float = 0.32
    # Folders of recordings with metadata.csv, and the share of their source recordings that the base may hear.
    recordings: tuple[str, ...] = ()
    recordings_share: float = 0.5
    recordings_clips: int = 1_500
    recordings_drawn: float = 0.2

    @classmethod
    def read(cls, path):
        """Settings from a YAML file; an unknown key is refused and the known ones are listed."""
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise Problem(
                f"{path} has unknown settings {unknown}", f"expected some of {sorted(known)}", "correct the names"
            )
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})

    def of(self, phase):
        """These settings with the samples and rates of a later phase ("second", "third", …) as the run's own."""
        return replace(self, **{name: getattr(self, f"{phase}_{name}") for name in ("samples", "rate", "flat_share")})

    def to_dict(self):
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

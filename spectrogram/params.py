"""How a sound becomes a picture: one frozen object that travels with every picture, dataset and adapter.

Conventions: row 0 is the highest band; pixel 255 is a full-scale sine (0 dB), 0 is `range_db` below it, so silence is
black: black is what a diffusion model paints where nothing happens, and sums of pictures stay readable.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from spectrogram.problems import PictureProblem, Problem, UsageProblem

KEY = "spectrogram_params"
MODEL_FILE = "spectrogram.json"
SCALES = ("mel", "linear", "log", "slaney")
LAYOUTS = ("grey", "bands", "frames", "stereo", "left_right")
CURVES = ("db", "power")
NORMS = ("mean", "peak", "slaney", "area")
FRAMINGS = ("half", "centre")
# Of hertz and milliseconds: products of two stay exact.
LARGEST = 10_000_000


@dataclass(frozen=True)
class SpectrogramParams:
    """Physical description of a spectrogram picture; every field that changes a pixel is here.

    `mel` spaces bands evenly on warp_hz·ln(1 + f/warp_hz) (700 is the HTK mel), `log` on ln f, `linear` on f.
    Layouts: `grey` three equal planes; `bands` three interleaved sets of bands in R, G, B; `frames` three successive
    frames in R, G, B; `stereo` left, mid, right.

    The fields below `layout` only serve to read the pictures of others. Layout `left_right` is G and B.
    `curve="power"` stores (magnitude/peak)^power instead of dB, `peak` being the magnitude of the loudest pixel (None:
    each picture's own). `norm` is HTK's `peak`, librosa's `slaney` on power, or the same triangles on magnitudes
    (`area`). `padded_ms` is the zero-padded FFT's length. `framing="centre"` puts frame t at t·hop, not
    (t + ½)·hop, with reflected ends.
    """

    sample_rate_hz: int
    step_ms: float
    window_ms: float
    mel_bands: int
    low_hz: float
    high_hz: float
    columns: int
    scale: str = "mel"
    warp_hz: float = 2000.0
    range_db: float = 120.0
    layout: str = "grey"
    curve: str = "db"
    power: float = 0.25
    peak: float | None = None
    padded_ms: float | None = None
    norm: str = "mean"
    framing: str = "half"
    loud_is_white: bool = True
    highest_first: bool = True

    def __post_init__(self):
        for field in dataclasses.fields(self):
            _coerce(self, field.name, field.type)
        self._check_choices()
        self._check_numbers()

    def _check_choices(self):
        choices = {"scale": SCALES, "layout": LAYOUTS, "curve": CURVES, "norm": NORMS, "framing": FRAMINGS}
        for name, allowed in choices.items():
            value = getattr(self, name)
            _require(value in allowed, f"{name} is {value!r}", f"one of {', '.join(allowed)}")

    def _check_numbers(self):
        for name in ("sample_rate_hz", "step_ms", "window_ms", "mel_bands", "columns", "warp_hz", "range_db", "power"):
            value = getattr(self, name)
            _require(0 < value < float("inf"), f"{name} is {value}", "a positive number")
        for name in ("step_ms", "window_ms", "padded_ms", "peak", "low_hz", "high_hz", "sample_rate_hz"):
            value = getattr(self, name)
            _require(value is None or abs(value) <= LARGEST, f"{name} is {value}", f"at most {LARGEST:,}")
        nyquist_hz = self.sample_rate_hz / 2
        _require(
            0 <= self.low_hz < self.high_hz <= nyquist_hz,
            f"the band is {self.low_hz}-{self.high_hz} Hz",
            f"0 <= low_hz < high_hz <= {nyquist_hz:g} Hz",
        )
        _require(self.scale != "log" or self.low_hz > 0, "low_hz is 0 on a log scale", "a low_hz above 0")
        _require(1 <= self.hop_samples <= self.window_samples, f"step_ms is {self.step_ms}", "1 sample to window_ms")
        _require(self.window_samples <= self.fft_samples <= 1 << 20, "padded_ms is unusable", "window_ms or longer")
        _require(self.mel_bands <= 8192 and self.columns <= 1 << 24, "the picture is too large", "8192 bands at most")

    @property
    def hop_samples(self) -> int:
        return round(self.step_ms * self.sample_rate_hz / 1000)

    @property
    def window_samples(self) -> int:
        return round(self.window_ms * self.sample_rate_hz / 1000)

    @property
    def fft_samples(self) -> int:
        return round((self.padded_ms or self.window_ms) * self.sample_rate_hz / 1000)

    @property
    def bands(self) -> int:
        """Bands of the analysis: three times the rows when they are spread over the colour planes."""
        return self.mel_bands * (3 if self.layout == "bands" else 1)

    @property
    def frames_per_column(self) -> int:
        return 3 if self.layout == "frames" else 1

    @property
    def channels(self) -> int:
        return 2 if self.layout in ("stereo", "left_right") else 1

    @property
    def clip_samples(self) -> int:
        frames = self.columns * self.frames_per_column - (self.framing == "centre")
        return frames * self.hop_samples

    @property
    def clip_seconds(self) -> float:
        return self.clip_samples / self.sample_rate_hz

    @property
    def absolute(self) -> bool:
        """White is full scale, so that loudness survives; otherwise it is the picture's own loudest point."""
        return self.curve == "db" and self.norm == "mean"

    @property
    def width(self) -> int:
        return self.columns

    @property
    def height(self) -> int:
        return self.mel_bands

    @property
    def fingerprint(self) -> str:
        """12 hex digits of the SHA-256 of the canonical JSON; fields left at their default do not enter it, so that
        a field added later keeps old fingerprints."""
        described = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }
        return hashlib.sha256(json.dumps(described, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:12]

    def to_dict(self) -> dict:
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), sort_keys=True)

    def replace(self, **changes) -> "SpectrogramParams":
        return dataclasses.replace(self, **changes)

    @classmethod
    def from_dict(cls, values: dict) -> "SpectrogramParams":
        names = {field.name for field in dataclasses.fields(cls)}
        required = {field.name for field in dataclasses.fields(cls) if field.default is dataclasses.MISSING}
        _require(isinstance(values, dict), f"parameters are a {type(values).__name__}", "a JSON object")
        unknown, missing = sorted(set(values) - names), sorted(required - set(values))
        _require(not unknown, f"unknown parameters {', '.join(unknown)}", f"some of {', '.join(sorted(names))}")
        _require(not missing, f"parameters lack {', '.join(missing)}", "all required parameters")
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> "SpectrogramParams":
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise PictureProblem(f"the parameters are not JSON ({error})", "an object", "write them anew") from error
        return cls.from_dict(values)

    @classmethod
    def preset(cls, name: str) -> "SpectrogramParams":
        _require(name in PRESETS, f"preset {name!r} is unknown", f"one of {', '.join(PRESETS)}")
        return PRESETS[name]

    @classmethod
    def from_image(cls, image) -> "SpectrogramParams":
        """Parameters in the picture's own text; raises PictureProblem when it has none (see `foreign.recognise`)."""
        text = getattr(image, "info", {}).get(KEY)
        if not isinstance(text, str):
            raise PictureProblem(
                f"the picture carries no {KEY}", "a PNG of this project", "name a preset or ask foreign.recognise"
            )
        return cls.from_json(text)

    @classmethod
    def from_lora(cls, path) -> "SpectrogramParams":
        """Parameters in the header of an adapter: a .safetensors file or the folder that holds one."""
        from safetensors import SafetensorError, safe_open

        path = Path(path)
        files = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
        for file in files:
            try:
                with safe_open(file, framework="np") as tensors:
                    text = (tensors.metadata() or {}).get(KEY)
            except (OSError, SafetensorError) as error:
                raise Problem(f"{file} cannot be read ({error})", "a safetensors file", "fetch it again") from error
            if text is not None:
                return cls.from_json(text)
        raise Problem(f"{path} carries no {KEY}", "an adapter trained by this project", "pass params yourself")

    @classmethod
    def from_model(cls, folder) -> "SpectrogramParams":
        """Parameters in the folder's spectrogram.json (a model's or a dataset's)."""
        file = Path(folder) / MODEL_FILE
        if not file.is_file():
            raise Problem(f"{file} does not exist", f"a folder with {MODEL_FILE}", "pass params yourself")
        return cls.from_json(file.read_text(encoding="utf-8", errors="replace"))


def _require(condition: bool, what: str, expected: str):
    if not condition:
        raise UsageProblem(what, expected, "correct the parameters")


def _coerce(params: SpectrogramParams, name: str, kind):
    """Make 20 and 20.0 the same value, so that equal parameters have equal fingerprints."""
    value = getattr(params, name)
    if value is None and kind == float | None:
        return
    if kind in (float, float | None) and isinstance(value, int) and not isinstance(value, bool):
        try:
            value = float(value)
        except OverflowError:
            _require(False, f"{name} has {len(str(value)):,} digits", "a number of a few")
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    expected = float if kind == float | None else kind
    _require(type(value) is expected, f"{name} is {value!r}", f"a value of type {expected.__name__}")
    object.__setattr__(params, name, value)


SD15 = SpectrogramParams(
    sample_rate_hz=40000, step_ms=10.0, window_ms=50.0, mel_bands=512, low_hz=0.0, high_hz=20000.0, columns=512
)
RIFFUSION = SpectrogramParams(
    sample_rate_hz=44100,
    step_ms=10.0,
    window_ms=100.0,
    mel_bands=512,
    low_hz=0.0,
    high_hz=10000.0,
    columns=512,
    warp_hz=700.0,
    curve="power",
    padded_ms=400.0,
    norm="peak",
    framing="centre",
    loud_is_white=False,
)
PRESETS = {
    # The embedded base model's pictures: 256 x 128, 5.12 s. Trained weights depend on each number: never change one.
    "mini": SpectrogramParams(
        sample_rate_hz=24000, step_ms=20.0, window_ms=40.0, mel_bands=128, low_hz=0.0, high_hz=12000.0, columns=256
    ),
    # The same with the window of the embedded base's first weights, for their pictures and adapters: lines are finer,
    # clicks smear, and fewer recordings are heard as what they are.
    "mini64": SpectrogramParams(
        sample_rate_hz=24000, step_ms=20.0, window_ms=64.0, mel_bands=128, low_hz=0.0, high_hz=12000.0, columns=256
    ),
    # 512 x 512 for Stable Diffusion 1.x, 5.12 s; its variants put finer frequencies, 10.24 s or stereo into colour.
    "sd15": SD15,
    "sd15-fine": SD15.replace(layout="bands"),
    "sd15-10s": SD15.replace(sample_rate_hz=42000, step_ms=20 / 3, window_ms=140 / 3, layout="frames"),
    "sd15-stereo": SD15.replace(layout="stereo"),
    # 768 x 768 for Stable Diffusion 2.1, 7.68 s; the window is longer, so that more bands have as many bins each.
    "sd21": SD15.replace(mel_bands=768, columns=768, window_ms=75.0),
    "linear": SD15.replace(scale="linear"),
    "log": SD15.replace(scale="log", low_hz=40.0),
    # Pictures of others: riffusion-hobby's defaults; an MSc dissertation on riffusion's code, ten seconds a picture;
    # teticio/audio-diffusion (librosa, 80 dB under the peak, lowest band in the first row).
    "riffusion": RIFFUSION,
    "dissertation": RIFFUSION.replace(step_ms=10000 / 512, low_hz=20.0, high_hz=20000.0),
    # Auffusion's 1024 x 256, 10.24 s at 16 kHz: the logarithm of magnitudes from 1e-5 to 200, where the windows add up
    # to 512 and a full-scale sine is 256.
    "auffusion": SpectrogramParams(
        sample_rate_hz=16000,
        step_ms=10.0,
        window_ms=64.0,
        mel_bands=256,
        low_hz=0.0,
        high_hz=8000.0,
        columns=1024,
        scale="slaney",
        range_db=146.0206,
        peak=200 / 256,
        padded_ms=128.0,
        norm="area",
    ),
    "audio-diffusion": SpectrogramParams(
        sample_rate_hz=22050,
        step_ms=512 / 22.05,
        window_ms=2048 / 22.05,
        mel_bands=256,
        low_hz=0.0,
        high_hz=11025.0,
        columns=256,
        scale="slaney",
        range_db=80.0,
        norm="slaney",
        framing="centre",
        highest_first=False,
    ),
}

"""Every setting of a training run in one dataclass; YAML and command-line flags are made from it (`flags.py`)."""

import math
from dataclasses import asdict, dataclass, field, fields, replace

from spectrogram.problems import UsageProblem
from training.method_table import METHODS, method_of

TARGETS = {
    "attention": ("to_q", "to_k", "to_v", "to_out.0"),
    "wide": ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out", "conv1", "conv2"),
}
VARIANTS = ("lora", "dora", "rslora", "loha", "lokr")
PRECISIONS = ("no", "bf16", "fp16")
OPTIMIZERS = ("adamw", "adamw_fused", "adamw_8bit")
PREDICTIONS = ("base", "epsilon", "v_prediction")
TRACKERS = ("tensorboard", "trackio", "wandb", "none")
# What may differ when a run is resumed, because it changes nothing of what is learned.
FREE = ("validate_every", "samples", "sample_every", "checkpoint_every", "keep_checkpoints", "skip_limit", "tracker",
        "halve_on_oom", "prefetch", "vram")  # fmt: skip

# What epochs are turned into stays within these: few clips need some steps, and many do not need all of their epochs.
FEWEST_STEPS, MOST_STEPS = 100, 4000


def _setting(default, text, choices=None):
    return field(default=default, metadata={"help": text, "choices": choices})


@dataclass(frozen=True)
class TrainSettings:
    """A run's settings; wrong values are refused at construction."""

    base: str = _setting("base_model", "folder or Hub id of a Stable Diffusion 1.x model")
    method: str = _setting("lora", "how it is taught", tuple(METHODS))
    steps: int = _setting(0, "optimizer steps; 0: as many as --epochs asks for")
    epochs: float = _setting(80.0, "where --steps is 0: how often each clip is seen")
    batch: int = _setting(16, "clips in one forward pass")
    accumulate: int = _setting(1, "forward passes in one optimizer step")
    rate: float = _setting(1e-4, "peak learning rate")
    warmup_steps: int = _setting(20, "optimizer steps of linear warm-up")
    flat_share: float = _setting(0.5, "share of the run before the rate falls, 0..1")
    rank: int = _setting(16, "lora: rank of the adapter; alpha equals it")
    targets: str = _setting("attention", "lora: layers that the adapter changes", tuple(TARGETS))
    variant: str = _setting("lora", "lora: kind of adapter", VARIANTS)
    text_encoder: bool = _setting(False, "lora: adapt the text encoder too")
    replay: float = _setting(0.0, "share of each batch that repeats what the base already makes, 0..0.9")
    replay_clips: int = _setting(70, "clips that the base makes once for the replay")
    replay_prompts: str = _setting("", "text file with prompts of sounds that the base knows, one a line, to replay")
    replay_dataset: str = _setting("", "dataset whose clips are replayed instead of what the base makes")
    instance_label: str = _setting("", "dreambooth: label of the one sound; the dataset's other clips are its kind")
    class_prompt: str = _setting("a sound", "dreambooth: what kind of sound it is, for example 'an animal calling'")
    dreambooth_trains: str = _setting("lora", "dreambooth: what carries it", ("lora", "full"))
    trigger: str = _setting("", "a rare word for the new sound (textual_inversion, dreambooth: 'sks' when empty)")
    vectors: int = _setting(4, "textual_inversion: token embeddings that are learned")
    initial_word: str = _setting("sound", "textual_inversion: a word to start from")
    aesthetic_steps: int = _setting(10, "aesthetic: steps of the text encoder when a prompt is read")
    aesthetic_through: str = _setting("words", "aesthetic: what is compared with it", ("words", "picture"))
    ema: float = _setting(0.995, "full, scratch: decay of the averaged weights that are saved; 0 saves the last ones")
    variants: int = _setting(1, "time-shifted copies of each training clip in the cache; 1 is the clip alone")
    caption_dropout: float = _setting(0.1, "share of clips that are trained on the empty prompt, 0..1")
    min_snr_gamma: float = _setting(0.0, "Min-SNR weighting; 0 is off, 5 is usual")
    offset_noise: float = _setting(0.0, "noise that is constant over each latent channel; 0 is off, 0.05 is usual")
    prediction: str = _setting("base", "full, scratch: what the UNet predicts", PREDICTIONS)
    zero_snr: bool = _setting(False, "full, scratch: rescale the schedule to zero terminal SNR")
    clip_norm: float = _setting(1.0, "gradient norm at which gradients are clipped")
    weight_decay: float = _setting(0.01, "AdamW's weight decay")
    optimizer: str = _setting("adamw_fused", "AdamW's kernel; adamw_8bit needs the extra lowmem", OPTIMIZERS)
    precision: str = _setting("bf16", "autocast type", PRECISIONS)
    half_base: bool = _setting(False, "keep frozen weights in half precision, the one of --precision")
    gradient_checkpointing: bool = _setting(False, "recompute activations: less memory, a third slower")
    channels_last: bool = _setting(False, "memory layout for GPU convolutions")
    compile: bool = _setting(False, "torch.compile the UNet; pays on a GPU from about 1,000 steps")
    prefetch: bool = _setting(True, "prepare the next batch while a GPU works")
    halve_on_oom: bool = _setting(False, "out of memory: halve the batch, double --accumulate, and go on")
    vram: int = _setting(0, "gigabytes of GPU memory that the whole run keeps to; 0: no limit")
    seed: int = _setting(0, "seed of everything random")
    validate_every: int = _setting(100, "optimizer steps between validations")
    validation_clips: int = _setting(32, "clips in the validation, at most")
    samples: int = _setting(3, "prompts heard before and after training")
    sample_every: int = _setting(0, "optimizer steps between samples; 0: only before and after")
    checkpoint_every: int = _setting(50, "optimizer steps between checkpoints")
    keep_checkpoints: int = _setting(2, "checkpoints that stay")
    skip_limit: int = _setting(5, "steps without a finite loss that are skipped before the run ends with code 6")
    tracker: str = _setting("tensorboard", "where curves go besides events.jsonl", TRACKERS)

    def __post_init__(self):
        check_kinds(self.to_dict())
        for item in fields(self):
            value, choices = getattr(self, item.name), item.metadata["choices"]
            if choices and value not in choices:
                raise UsageProblem(f"{item.name} is {value!r}", f"one of {choices}", "choose one")
        if self.steps < 0 or not 0 < self.epochs < float("inf"):
            what = f"steps is {self.steps}, epochs {self.epochs}"
            raise UsageProblem(what, "steps from 0, epochs above 0", "change --steps or --epochs")
        for name in ("batch", "accumulate", "rank", "validate_every", "vectors", "variants",
                     "checkpoint_every", "keep_checkpoints"):  # fmt: skip
            if getattr(self, name) < 1:
                raise UsageProblem(f"{name} is {getattr(self, name)}", "at least 1", f"change {flag(name)}")
        for name, highest in (("caption_dropout", 1), ("flat_share", 1), ("replay", 0.9), ("ema", 0.99999)):
            if not 0 <= getattr(self, name) <= highest:
                what, allowed = f"{name} is {getattr(self, name)}", f"between 0 and {highest}"
                raise UsageProblem(what, allowed, f"change {flag(name)}")
        self._check_combinations()

    def _check_combinations(self):
        changes_schedule = self.prediction != "base" or self.zero_snr
        if changes_schedule and not method_of(self.to_dict()).own_schedule:
            raise UsageProblem(
                f"prediction {self.prediction}, zero_snr {self.zero_snr} with method {self.method}",
                "the base's own schedule: what it answers cannot be changed by an adapter",
                "use --method full or scratch, or leave it out",
            )
        if self.zero_snr and self.prediction == "epsilon":
            raise UsageProblem(
                "zero_snr with prediction epsilon", "v_prediction: at zero signal there is no noise to predict from",
                "use --prediction v_prediction",
            )  # fmt: skip

    def to_dict(self):
        return asdict(self)

    @property
    def replay_share(self):
        """Share of each batch that is replayed; one clip of its kind for each where DreamBooth is told the label."""
        return self.replay or (0.5 if self.instance_label else 0.0)

    def for_clips(self, clips):
        """The settings with the number of steps that ``epochs`` means for so many clips of a training split."""
        if self.steps:
            return self
        wanted = math.ceil(clips * self.epochs / (self.batch * self.accumulate))
        return replace(self, steps=min(max(wanted, FEWEST_STEPS), MOST_STEPS))

    def binding(self):
        """The settings that must not change when a run is resumed."""
        return {name: value for name, value in self.to_dict().items() if name not in FREE}


def check_kinds(values):
    """Raise UsageProblem for a setting whose value is of another kind than its default, or is no finite number."""
    for item in fields(TrainSettings):
        kind, value = type(item.default), values.get(item.name, item.default)
        fits = type(value) is kind or (kind is float and type(value) is int) or (value is None and item.default is None)
        is_number = fits and kind in (int, float)
        if not fits or (is_number and not (abs(value) < math.inf if kind is float else abs(value) < 2**53)):
            raise UsageProblem(
                f"{item.name} is {value!r}", f"a value of type {kind.__name__}", f"change {flag(item.name)}"
            )


def flag(name):
    return "--" + name.replace("_", "-")

"""ComfyUI nodes: a spectrogram picture becomes sound, a sound becomes a spectrogram picture.

README.md says how they are installed (the project's core, Python 3.10 or newer); example_workflows/ shows them at work.
Pictures are ComfyUI's IMAGE (batch, height, width, channels) in [0, 1]; sounds its AUDIO, a dictionary of a waveform
(batch, channels, samples) and a sample rate.
"""

from pathlib import Path

import numpy as np

CATEGORY = "audio/spectrogram"
RECOGNISE = "recognise"


def _formats() -> list[str]:
    from spectrogram.params import PRESETS

    return [RECOGNISE, *PRESETS]


def _array(tensor) -> np.ndarray:
    """A tensor of any device and number type, bfloat16 too, as float32."""
    return tensor.detach().cpu().float().numpy()


def _lora_files(graph: dict | None, node: str | None) -> list[str]:
    """Names of the LoRAs that the node's pictures went through, as the graph says."""
    found, waiting, seen = [], [str(node)], set()
    while waiting:
        current = waiting.pop()
        if current in seen or current not in (graph or {}):
            continue
        seen.add(current)
        for entry, value in graph[current].get("inputs", {}).items():
            if isinstance(value, list) and len(value) == 2:
                waiting.append(str(value[0]))
            elif "lora" in entry and isinstance(value, str) and value.endswith(".safetensors"):
                found.append(value)
    return sorted(set(found))


def _taught_format(graph: dict | None, node: str | None):
    """The parameters that the LoRAs in the graph were taught with; None where none of them says any."""
    names = _lora_files(graph, node)
    if not names:
        return None
    import folder_paths  # ComfyUI's own

    from spectrogram.adapters.safetensors_file import read_header
    from spectrogram.params import KEY, SpectrogramParams

    told = {}
    for name in names:
        path = folder_paths.get_full_path("loras", name)
        text = read_header(Path(path)).get("__metadata__", {}).get(KEY) if path else None
        if text:
            told[SpectrogramParams.from_json(text)] = name
    if len(told) > 1:
        raise ValueError(f"{' and '.join(told.values())} paint pictures of different formats: choose one in `format`")
    return next(iter(told), None)


def _read(picture: np.ndarray, name: str, taught):
    """(picture, parameters): the named ones as wide as the picture, the LoRA's, or what size and lightness suggest."""
    from PIL import Image

    from spectrogram.codec.foreign import at_its_size, recognise
    from spectrogram.params import SpectrogramParams

    if name != RECOGNISE:
        return picture, SpectrogramParams.preset(name).replace(columns=picture.shape[1])
    if taught is not None:
        return picture, taught.replace(columns=picture.shape[1])
    image = Image.fromarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))
    params, assumed = recognise(image)
    if params.curve == "power" and not params.loud_is_white:
        # Nothing in a tensor tells riffusion's light pictures from loud ones of another format.
        raise ValueError("a mostly light picture may be riffusion's, or a loud one of sd15: choose the `format`")
    for told in assumed:
        print(f"[spectrogram] {told}; choose a format to say otherwise")
    return np.asarray(at_its_size(image, params), np.float32) / 255, params


def _in_one_batch(sounds: list[np.ndarray], rates_hz: list[int]) -> tuple[np.ndarray, int]:
    """(sounds, channels, samples) at the highest rate, shorter ones followed by silence: one AUDIO."""
    from spectrogram.files.audio import mix_channels, resample

    rate_hz, channels = max(rates_hz), max(len(sound) for sound in sounds)
    sounds = [mix_channels(resample(one, own, rate_hz), channels) for one, own in zip(sounds, rates_hz, strict=True)]
    longest = max(sound.shape[1] for sound in sounds)
    return np.stack([np.pad(sound, ((0, 0), (0, longest - sound.shape[1]))) for sound in sounds]), rate_hz


def _unclipped(sounds: np.ndarray) -> np.ndarray:
    """Each sound at most at full scale: ComfyUI's writers cut off what lies beyond."""
    peaks = np.abs(sounds).max(axis=(1, 2), keepdims=True, initial=0)
    for number, peak in enumerate(peaks.ravel()):
        if peak > 1:
            print(f"[spectrogram] sound {number + 1} is {20 * np.log10(peak):.1f} dB above full scale: scaled to it")
    return (sounds / np.maximum(peaks, 1)).astype(np.float32)


class SpectrogramToSound:
    """Decode a batch of spectrogram pictures to sound.

    `recognise` takes the format from the header of the LoRA that painted them; without one, from each picture's looks,
    and refuses where these do not tell.
    """

    CATEGORY, FUNCTION = CATEGORY, "decode"
    RETURN_TYPES, RETURN_NAMES = ("AUDIO",), ("audio",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "images": ("IMAGE",),
                "format": (_formats(), {"default": RECOGNISE}),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**32 - 1}),
            },
            "hidden": {"prompt": "PROMPT", "unique_id": "UNIQUE_ID"},
        }

    def decode(self, images, format, seed, prompt=None, unique_id=None):
        import torch

        from spectrogram.codec import SpectrogramCodec

        taught = _taught_format(prompt, unique_id) if format == RECOGNISE else None
        pictures = [_read(picture, format, taught) for picture in _array(images[..., :3])]
        sounds = [SpectrogramCodec(params).decode(one, seed + i)[0] for i, (one, params) in enumerate(pictures)]
        batch, rate_hz = _in_one_batch(sounds, [params.sample_rate_hz for _, params in pictures])
        return ({"waveform": torch.from_numpy(_unclipped(batch)), "sample_rate": rate_hz},)


class SoundToSpectrogram:
    """Encode sound as spectrogram pictures: one for each `clip` of it, so that nothing is cut off."""

    CATEGORY, FUNCTION = CATEGORY, "encode"
    RETURN_TYPES, RETURN_NAMES = ("IMAGE",), ("images",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"audio": ("AUDIO",), "format": (_formats()[1:], {"default": "sd15"})}}

    def encode(self, audio, format):
        import torch

        from spectrogram.codec import SpectrogramCodec
        from spectrogram.params import SpectrogramParams

        params, rate_hz = SpectrogramParams.preset(format), int(audio["sample_rate"])
        sounds = _unclipped(_array(audio["waveform"]))
        clip = round(params.clip_seconds * rate_hz)
        # A hundredth of a second more than a picture holds is no second picture.
        count = max(1, -(-(sounds.shape[2] - rate_hz // 100) // clip))
        if count > 1:
            print(f"[spectrogram] {sounds.shape[2] / rate_hz:.2f} s are {count} pictures of {params.clip_seconds:g} s")
        pieces = [sound[:, i * clip : (i + 1) * clip + rate_hz // 10] for sound in sounds for i in range(count)]
        pictures = [np.asarray(picture) for picture in SpectrogramCodec(params).encode_batch(pieces, rate_hz)]
        return (torch.from_numpy(np.stack(pictures).astype(np.float32) / 255),)


NODE_CLASS_MAPPINGS = {"SpectrogramToSound": SpectrogramToSound, "SoundToSpectrogram": SoundToSpectrogram}
NODE_DISPLAY_NAME_MAPPINGS = {
    "SpectrogramToSound": "Spectrogram to sound",
    "SoundToSpectrogram": "Sound to spectrogram",
}

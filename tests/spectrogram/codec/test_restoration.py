import numpy as np
import pytest

from spectrogram.codec import SpectrogramCodec
from spectrogram.codec.fitting.restoration import REACH, equations, kernel_of, solve, spoil
from spectrogram.codec.restoration import load_restoration, measure_grain, restored
from spectrogram.params import SpectrogramParams

SD15 = SpectrogramParams.preset("sd15").replace(columns=192)


def picture_of(seed, params=SD15):
    """Noise of changing loudness with a tone, as a picture (rows, columns, 3)."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(params.clip_samples) / params.sample_rate_hz
    noise = rng.normal(0, 0.05, len(seconds)) * (0.2 + np.abs(np.sin(2 * np.pi * rng.uniform(0.5, 2) * seconds)))
    audio = noise + 0.1 * np.sin(2 * np.pi * rng.uniform(300, 4000) * seconds)
    return np.asarray(SpectrogramCodec(params).encode(audio[None].astype(np.float32), params.sample_rate_hz))


def kind(picture, params=SD15):
    restoration = load_restoration(params)
    grain = measure_grain(np.ascontiguousarray(picture[..., 0], dtype=np.float32))
    return restoration.names[restoration.kind_of(grain)]


def error(picture, truth):
    return np.sqrt(np.mean((np.asarray(picture, float) - truth) ** 2))


@pytest.mark.parametrize("seed", range(4))
def test_clean_pictures_are_left_alone(seed):
    picture = picture_of(seed)
    assert kind(picture) == "none"
    assert restored(picture, SD15, load_restoration(SD15)) is picture


def test_pictures_that_hold_too_little_to_judge_are_left_alone():
    for picture in (np.zeros((512, 192, 3), np.uint8), np.full((512, 192, 3), 90, np.uint8), picture_of(0)[:, :6]):
        assert restored(picture, SD15, load_restoration(SD15)) is picture


@pytest.mark.parametrize(("blur", "noise"), [(1.0, 4.0), (1.3, 2.0), (0.75, 6.0)])
def test_blur_and_noise_are_recognised_and_partly_undone(blur, noise):
    truth = picture_of(1)
    spoilt = spoil(truth, blur, noise, np.random.default_rng(5))
    again = restored(spoilt.astype(np.uint8), SD15, load_restoration(SD15))
    assert kind(spoilt) != "none"
    assert again.dtype == np.float32
    assert 0 <= again.min() <= again.max() <= 1
    assert error(255 * again, truth) < 0.9 * error(spoilt, truth)


def test_a_spoilt_picture_sounds_nearer_to_the_original_when_it_is_restored():
    truth = picture_of(2)
    spoilt = spoil(truth, 1.0, 4.0, np.random.default_rng(5)).astype(np.uint8)
    original, with_, without = (
        SpectrogramCodec(SD15, restore=restore).decode(picture)[0][0]
        for picture, restore in ((truth, False), (spoilt, True), (spoilt, False))
    )
    level = [abs(20 * np.log10(np.std(audio) / np.std(original))) for audio in (with_, without)]
    assert level[0] < 0.5 * level[1]


def test_the_kernel_undoes_a_known_mixture_and_keeps_level_surfaces():
    rng = np.random.default_rng(0)
    clean = rng.uniform(100, 200, (64, 200)).astype(np.float32)
    seen = np.maximum(0, clean + 0.2 * (np.roll(clean, 1, axis=1) - clean))
    kernel = kernel_of(*equations(seen, clean))
    assert kernel.sum() == pytest.approx(1)
    # The inverse of y[n] = .8 x[n] + .2 x[n - 1] begins with 1 / .8 and - .2 / .8².
    assert kernel[REACH, REACH] == pytest.approx(1.25, abs=0.02)
    assert kernel[REACH, REACH - 1] == pytest.approx(-0.3125, abs=0.02)


def test_solving_repeats_for_a_seed(tmp_path, monkeypatch):
    import spectrogram.codec.fitting.restoration as module

    params = SD15.replace(columns=40)
    monkeypatch.setattr(module, "BLURS", (0.0, 1.0))
    monkeypatch.setattr(module, "NOISES", (0.0, 4.0))
    found = []
    for name in ("a", "b"):
        monkeypatch.setattr(module, "restoration_path", lambda params, name=name: tmp_path / f"{name}.npz")
        with np.load(solve(params, [], 3, 7, None, report=lambda line: None)) as file:
            found.append({key: file[key] for key in file.files})
    assert found[0]["names"].tolist() == ["none", "blur 0, noise 4", "blur 1, noise 0", "blur 1, noise 4"]
    for key in ("kernels", "grain", "precision"):
        assert np.array_equal(found[0][key], found[1][key])


def test_the_command_says_that_it_sharpened_and_can_be_told_not_to(tmp_path, capsys):
    from PIL import Image

    from spectrogram.__main__ import main

    spoilt = spoil(picture_of(2), 1.0, 4.0, np.random.default_rng(5)).astype(np.uint8)
    Image.fromarray(spoilt).save(tmp_path / "blurred.png")
    command = ["decode", str(tmp_path / "blurred.png"), "--preset", "sd15"]
    assert main(command) == 0
    assert "looks damaged (blur 1, noise 4) and was sharpened" in capsys.readouterr().out
    assert main([*command, "--plain"]) == 0
    assert "looks damaged" not in capsys.readouterr().out

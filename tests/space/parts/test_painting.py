"""Strokes on the Edit tab by themselves: what they cover, in which numbers, and what of the sound they leave alone."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from space.jobs import Finished, Request
from space.parts.painting import Painting, layer_of, mark, mask_of_layers, region_of_mask
from space.parts.regions import CANVAS, cover_of_region, hertz_at, with_axes
from spectrogram.files.audio import write_audio
from spectrogram.params import SpectrogramParams
from spectrogram.verbs.mask import read_mask

MINI = SpectrogramParams.preset("mini")
RATE_HZ = 24000


def strokes(*lines, width=24):
    """A canvas with strokes from point to point, each a list of (share of the width, share of the height)."""
    layer = Image.new("RGBA", CANVAS)
    for line in lines:
        points = [(CANVAS[0] * x, CANVAS[1] * y) for x, y in line]
        ImageDraw.Draw(layer).line(points, fill="white", width=width)
    return layer


def test_a_painted_box_is_seconds_and_hertz_and_edges_mean_all():
    layer = Image.new("RGBA", CANVAS)
    ImageDraw.Draw(layer).rectangle((160, 0, 319, 143), fill="white")
    start_s, end_s, low_hz, high_hz = region_of_mask(mask_of_layers([layer], 4.0, MINI), MINI)
    assert (start_s, end_s, high_hz) == (1.0, 2.0, None)
    assert low_hz == pytest.approx(hertz_at(0.5, MINI), abs=1)


@pytest.mark.parametrize("layers", [[], [Image.new("RGBA", CANVAS)]])
def test_nothing_painted_is_no_mask(layers):
    assert mask_of_layers(layers, 4.0, MINI) is None


@pytest.mark.parametrize(("seconds", "columns"), [(3.0, 160), (5.12, 256), (12.7, 640)])
def test_the_pipeline_takes_the_strokes_where_they_were_painted(seconds, columns):
    """The picture of 12.7 s is as wide as the canvas: the mask must lie over the sound all the same."""
    layer = strokes([(0.1, 0.9), (0.5, 0.2)], [(0.5, 0.2), (0.5, 0.8)])
    params = MINI.replace(columns=columns)
    mask = mask_of_layers([layer], seconds, params)
    read = read_mask(mask, params, seconds)
    np.testing.assert_array_equal(read, mask)
    again = mask_of_layers([layer_of(mask, CANVAS)], seconds, params)
    assert (again != mask).mean() < 0.01


def test_typed_numbers_take_the_place_of_strokes_and_the_same_ones_do_not():
    painting = Painting.of(mask_of_layers([strokes([(0.2, 0.5), (0.4, 0.5)])], 4.0, MINI), MINI)
    start_s, end_s, low_hz, high_hz = painting.region
    assert painting.holds((start_s, end_s, low_hz, high_hz))
    assert not painting.holds((start_s, end_s + 0.1, low_hz, high_hz))
    assert not Painting().holds((None, None, None, None))


def test_a_recipe_gives_the_strokes_back():
    painting = Painting.of(mask_of_layers([strokes([(0.2, 0.1), (0.8, 0.9)])], 4.0, MINI), MINI)
    again = Painting.read(painting.mask, MINI)
    assert again.restored
    assert again.region == painting.region
    np.testing.assert_array_equal(again.array(), painting.array())


def test_what_is_marked_is_brighter_in_its_own_shape_and_the_rest_is_as_it_was():
    picture = Image.new("RGB", CANVAS)
    diagonal = np.asarray(strokes([(0.1, 0.9), (0.9, 0.1)]).getchannel("A")) > 0
    marked = np.asarray(mark(picture, Image.fromarray(diagonal.astype(np.uint8) * 255)))
    assert marked[diagonal].min() >= 90
    assert marked[~diagonal].max() == 0
    box = np.asarray(mark(picture, cover_of_region((1.0, 2.0, None, None), CANVAS, 4.0, MINI)))
    assert box[:, 161:318].min() >= 90
    assert box[:, :159].max() == box[:, 321:].max() == 0


def test_a_stroke_changes_the_sound_under_it_and_not_the_rest_of_its_box(engine, tmp_path):
    """An L: low all the time, high only in the last half second. The high corner lies in its box and not under it."""
    noise = np.random.default_rng(0).normal(0, 0.1, (1, round(4.0 * RATE_HZ))).astype(np.float32)
    source = write_audio(tmp_path / "noise.wav", noise, RATE_HZ)
    layer = strokes([(0.25, 0.9), (0.75, 0.9)], [(0.7, 0.2), (0.7, 0.9)], width=60)
    params = engine.pipeline.params_for(seconds=4.0)
    mask = mask_of_layers([layer], 4.0, params)
    assert region_of_mask(mask, params)[:2] == (pytest.approx(1.0, abs=0.1), pytest.approx(3.0, abs=0.1))
    request = Request("bell", steps=2, seed=1, verb="inpaint", sound=str(source), options={"mask": mask})
    *_, last = engine.work(request, tmp_path / "stop")
    assert isinstance(last, Finished), last
    changed = last.audios[0][0] - noise[0]
    # The file has 16 bits: "as it was" is as near as those.
    assert np.abs(changed[: round(0.8 * RATE_HZ)]).max() < 1e-4
    assert np.abs(changed[round(3.3 * RATE_HZ) :]).max() < 1e-4
    corner, under = slice(round(1.2 * RATE_HZ), round(2.4 * RATE_HZ)), slice(round(2.7 * RATE_HZ), round(2.9 * RATE_HZ))

    def share(part, *band_hz):
        return energy(changed[part], *band_hz) / energy(noise[0][part], *band_hz)

    assert share(corner, 3000, 8000) < 1e-5
    assert share(corner, 100, 400) > 1e-2
    assert share(under, 3000, 5000) > 1e-2
    assert isinstance(last.recipes[0].settings["mask"], str)


def energy(audio, low_hz, high_hz):
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)))) ** 2
    frequency_hz = np.fft.rfftfreq(len(audio), 1 / RATE_HZ)
    return float(spectrum[(frequency_hz >= low_hz) & (frequency_hz < high_hz)].sum())


def test_axes_are_drawn_inside_the_picture_and_say_seconds_and_hertz():
    plain = Image.new("RGB", CANVAS)
    drawn = np.asarray(with_axes(plain, 4.0, MINI))
    assert drawn.shape == (CANVAS[1], CANVAS[0], 3)
    white = drawn.min(axis=2) == 255
    # A tick at each half second of four on the lower edge, and one at each round frequency on the right one.
    below = np.flatnonzero(white[-2]) / CANVAS[0] * 4
    assert {0.5, 1.0, 2.0, 3.5} <= {round(float(time_s) * 2) / 2 for time_s in below}
    heights = 1 - np.flatnonzero(white[:-34, -2]) / CANVAS[1]
    heard = [hertz_at(float(height), MINI) for height in heights]
    assert any(hertz == pytest.approx(2000, rel=0.03) for hertz in heard)
    assert not white[:, : CANVAS[0] // 10][: CANVAS[1] // 2].any()

"""The aesthetics' benchmark tells a push from none."""

from benchmarks.base_model.clips import Judge
from benchmarks.pipeline import aesthetics
from spectrogram.bases import EMBEDDED
from spectrogram.codec import SpectrogramCodec
from spectrogram.ears.clip import open_ear
from spectrogram.models import load_pipeline


def test_without_steps_all_is_kept_and_with_many_the_aesthetic_is_heard():
    pipeline, ear = load_pipeline(EMBEDDED), open_ear(EMBEDDED, "cpu")
    codec = SpectrogramCodec(pipeline.params)
    made = {label: aesthetics.aesthetic_of(label, codec, ear) for label in ("telephone", "rooster", "rain")}
    still = aesthetics.measure(pipeline, ear, Judge(), made, 0, 0.0)
    far = aesthetics.measure(pipeline, ear, Judge(), made, 20, 1e-3)
    assert still["drawn"] == 0
    assert still["kept"] == 1
    assert far["drawn"] >= 0.5
    assert far["kept"] < 1


def test_each_sound_is_asked_for_beside_two_aesthetics():
    asked = [other for label in aesthetics.LABELS for other in aesthetics.others_of(label, aesthetics.LABELS)]
    assert sorted(asked) == sorted(2 * aesthetics.LABELS)
    assert all(label not in aesthetics.others_of(label, aesthetics.LABELS) for label in aesthetics.LABELS)

import numpy as np
import pytest

from spectrogram.codec.seams import best_lag, join, seam, starts_s
from spectrogram.problems import UsageProblem

RATE_HZ = 24000


def tone(seconds, hertz=333.0, phase=0.0, size=0.5):
    return size * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ + phase)[None].astype(
        np.float32
    )


def test_starts_cover_the_whole_duration_with_the_asked_overlap():
    assert starts_s(5.12, 5.12) == [0]
    assert starts_s(12.0, 5.0, 1.0) == [0, 4, 8]
    assert starts_s(0.3, 5.0, 1.0) == [0]
    with pytest.raises(UsageProblem, match=r"The overlap is 5\.0 s \(expected 0 to less than 5 s"):
        starts_s(12.0, 5.0, 5.0)


def test_pieces_of_one_sound_join_to_that_sound():
    sound = np.random.default_rng(0).normal(0, 0.1, (2, 30000)).astype(np.float32)
    blocks = list(join([(sound[:, :12000], 0), (sound[:, 9000:21000], 9000), (sound[:, 18000:], 18000)], RATE_HZ))
    np.testing.assert_allclose(np.concatenate(blocks, axis=1), sound, atol=1e-5)


def test_a_lag_between_two_waves_is_found():
    noise = np.random.default_rng(0).normal(size=6000)
    assert best_lag(noise[500:4500], noise[400:4400], 200) == 100
    assert best_lag(noise[500:4500], noise[560:4560], 200) == -60


@pytest.mark.parametrize("phase", [0.5, 2.0, np.pi, 5.0])
def test_a_tone_of_any_phase_crosses_the_seam_without_a_dip(phase):
    joined = np.concatenate(list(join([(tone(1), 0), (tone(1, phase=phase), 18000)], RATE_HZ)), axis=1)[0]
    peaks = np.abs(joined[: len(joined) // 100 * 100].reshape(-1, 100)).max(axis=1)
    assert peaks[:-8].min() > 0.47
    assert peaks.max() < 0.53


def test_noise_keeps_its_power_across_the_seam():
    rng = np.random.default_rng(0)
    first, second = (rng.normal(0, 0.1, (1, 24000)).astype(np.float32) for _ in range(2))
    faded = seam(first, second, 0)
    assert np.std(faded[0, 8000:16000]) == pytest.approx(0.1, rel=0.05)


def test_a_quieter_piece_fades_in_from_the_gain_of_the_one_before():
    joined = seam(tone(0.5), tone(1, size=0.3), 100)[0]
    peaks = np.abs(joined[:24000]).reshape(-1, 200).max(axis=1)
    assert np.abs(np.diff(peaks)).max() < 0.03
    assert peaks[-1] == pytest.approx(0.3, abs=0.01)


def test_a_gap_is_silence_and_disorder_is_refused():
    blocks = list(join([(tone(0.1), 0), (tone(0.1), 4800)], RATE_HZ))
    joined = np.concatenate(blocks, axis=1)[0]
    assert len(joined) == 7200
    assert not joined[2400:4800].any()
    with pytest.raises(UsageProblem, match="Sort the pieces"):
        list(join([(tone(0.1), 100), (tone(0.1), 0)], RATE_HZ))


def test_blocks_stream_so_that_memory_stays_flat():
    drawn = []

    def pieces():
        for index in range(50):
            drawn.append(index)
            yield tone(1), index * 20000

    blocks = join(pieces(), RATE_HZ)
    for _ in range(3):
        assert next(blocks).shape[1] <= RATE_HZ
    assert len(drawn) <= 4

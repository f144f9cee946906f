"""The researcher's road: from outside the project, with pairs that are meant, to a report that says what it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import evaluate
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import metrics
from metrics.__main__ import main
from metrics.embedders.panns import Cnn14
from metrics.embedders.vggish import VggishNet
from metrics.sets.sound_set import sounds_of_paths
from tests.metrics.sounds import noise, tone, write_set

ROOT = Path(__file__).resolve().parents[2]


def measured(capsys, tmp_path, generated, reference, *flags):
    out = tmp_path / "results.json"
    words = [generated, reference, "--out", out, "--resamples", 20, "--no-cache", *flags]
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, " ".join((said.out + said.err).split()), json.loads(out.read_text()) if out.is_file() else None


def four(seed):
    return {f"c{n}": noise(seed + n, 1.2) for n in range(4)}


def test_modules_and_command_work_from_any_folder(tmp_path):
    write_set(tmp_path / "a", four(1))
    write_set(tmp_path / "b", four(9))
    program = (
        "import evaluate, metrics; fad = evaluate.load(metrics.module('frechet_audio_distance')); "
        "print(fad.compute(predictions='a', references='b', cache=False))"
    )
    # As an installed package is found: by the path of packages, not by the folder that one stands in.
    settings = os.environ | {"PYTHONPATH": str(ROOT), "HF_MODULES_CACHE": str(tmp_path / "modules")}
    for words in (["-c", program], ["-m", "metrics", "a", "b", "--resamples", "0"]):
        done = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=200
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert "frechet_distance" in done.stdout
    with pytest.raises(ValueError, match="expected one of audio_inception_score, audio_kl_divergence"):
        metrics.module("frechet")


def test_a_chance_pair_is_named_and_has_no_interval(capsys, tmp_path):
    generated = write_set(tmp_path / "g", {"a": noise(5, 1.2)} | {f"g{n}": noise(n, 1.2) for n in range(3)})
    reference = write_set(tmp_path / "r", {"a": tone(300, 1.2)} | {f"r{n}": noise(50 + n, 1.2) for n in range(3)})
    code, said, results = measured(capsys, tmp_path, generated, reference)
    assert code == 0
    assert "only 1 of 4 clips have the same name in both sets ('a')" in said
    figure = results["metrics"]["audio_kl_divergence[sd-audio-cnn-v1]"]
    assert (figure["n_used"], figure["low"]) == (1, None)


def test_pairs_of_one_name_and_two_labels_are_named(capsys, tmp_path):
    names = [f"{n:04d}" for n in range(4)]
    sets = [
        write_set(tmp_path / side, dict(zip(names, four(seed).values(), strict=True)), dict.fromkeys(names, label))
        for side, seed, label in (("g", 1, "rain"), ("r", 30, "dog_bark"))
    ]
    _, said, _ = measured(capsys, tmp_path, *sets)
    assert "4 of 4 pairs have one name and two labels ('0000', '0001', '0002', …)" in said
    _, said, _ = measured(capsys, tmp_path, sets[0], sets[0])
    assert "one name and two" not in said


def test_the_absence_of_kl_is_explained(capsys, tmp_path):
    generated, reference = write_set(tmp_path / "g", four(1)), write_set(tmp_path / "r" / "sub", four(2)).parent
    _, said, results = measured(capsys, tmp_path, generated, reference)
    assert not [key for key in results["metrics"] if key.startswith("audio_kl")]
    assert "audio_kl_divergence is left out: no clip has the same name in both sets" in said
    assert "('c0' and 'sub/c0')" in said.replace("the first are ", "")
    _, said, _ = measured(capsys, tmp_path, generated, generated, "--embedder", "logmel-stats-v1")
    assert "audio_kl_divergence is left out: logmel-stats-v1 gives no class probabilities; ask an embedder" in said


@pytest.mark.parametrize("side", ["generated", "reference"])
def test_a_set_of_one_clip_is_refused(capsys, tmp_path, side):
    sets = {name: write_set(tmp_path / name, four(1)) for name in ("generated", "reference")}
    for name in ("c1", "c2", "c3"):
        (sets[side] / f"{name}.wav").unlink()
    code, said, results = measured(capsys, tmp_path, sets["generated"], sets["reference"])
    assert (code, results) == (4, None)
    assert f"{side} ({sets[side]}) has one clip that can be read" in said


def test_lists_with_equal_names_are_named_by_their_path(tmp_path):
    paths = [write_set(tmp_path / "g" / label, {"1": noise(n)}) / "1.wav" for n, label in enumerate(("rain", "dog"))]
    assert [sound.name for sound in sounds_of_paths(paths)] == ["dog/1", "rain/1"]
    assert [sound.name for sound in sounds_of_paths(paths[:1])] == ["1"]


def random_weights(network, path):
    """Small random numbers of the right names and shapes: the public checkpoints cannot be fetched in a test."""
    drawn = torch.Generator().manual_seed(0)
    tensors = {}
    for name, value in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        scale = 1.0 if "bn" in name else 0.02
        tensors[name] = (torch.rand(value.shape, generator=drawn) * scale).to(torch.float16)
    save_file(tensors, path)
    return path


@pytest.mark.parametrize(
    ("embedder", "network", "keys"),
    [
        ("vggish", VggishNet, {"frechet_audio_distance", "kernel_audio_distance[vggish]"}),
        (
            "panns-cnn14-16k",
            Cnn14,
            {"frechet_distance[panns-cnn14-16k]", "audio_kl_divergence[panns-cnn14-16k]"},
        ),
    ],
)
def test_from_weights_to_table(capsys, tmp_path, embedder, network, keys):
    with torch.device("meta"):
        layout = network()
    weights = random_weights(layout, tmp_path / "weights.safetensors")
    sets = [write_set(tmp_path / side, four(seed)) for side, seed in (("outputs", 1), ("reference", 30))]
    flags = ["--embedder", embedder, "--weights", weights, "--html", tmp_path / "r.html"]
    code, said, results = measured(capsys, tmp_path, *sets, *flags)
    assert code == 0
    assert keys <= set(results["metrics"])
    assert all(np.isfinite(results["metrics"][key]["value"]) for key in keys)
    assert results["embedder"]["name"] == embedder
    assert len(results["embedder"]["sha256"]) == 64
    assert results["sets"] == {"generated": str(sets[0]), "reference": str(sets[1])}
    assert results["command"].startswith(f"python -m metrics {sets[0]} {sets[1]}")
    assert results["date"][:2] == "20"
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    for text in (str(sets[0]), results["date"], "python -m metrics"):
        assert text in page
    assert "(4 clips) against" in said
    assert results["command"].replace(" ", "") in said.replace(" ", "")


def test_evaluate_refuses_one_clip_too(tmp_path):
    one = write_set(tmp_path / "one", {"a": noise(1)})
    metric = evaluate.load(metrics.module("frechet_audio_distance"))
    with pytest.raises(ValueError, match="has 1 row"):
        metric.compute(predictions=str(one), references=str(one), cache=False)

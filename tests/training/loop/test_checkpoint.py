"""Checkpoints against kills, damage, a full disk and weights that are no numbers."""

import json
import resource

import pytest
import torch

from spectrogram.problems import EnvironmentProblem, UsageProblem
from training.loop import checkpoint
from training.loop.checkpoint import Checkpoints, NonFiniteWeights

IDENTITY = {"rate": 1e-4, "data": "abc", "processes": 1}


def save(folder, step, keep=2, value=1.0, size=8):
    return Checkpoints(folder, keep).save(step, {"weights": {"w": torch.full((size,), value)}}, IDENTITY, {"n": step})


def newest(folder):
    notes = []
    return Checkpoints(folder, 2).newest(notes.append), notes


def test_the_newest_checkpoint_comes_back_with_its_tensors_and_values(tmp_path):
    save(tmp_path, 5, value=1.0)
    save(tmp_path, 10, value=2.0)
    found, notes = newest(tmp_path)
    assert (found.step, found.values, notes) == (10, {"n": 10}, [])
    assert torch.equal(found.tensors("weights")["w"], torch.full((8,), 2.0))


def test_a_damaged_checkpoint_is_reported_and_the_one_before_is_used(tmp_path):
    save(tmp_path, 5)
    path = save(tmp_path, 10) / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    found, notes = newest(tmp_path)
    assert found.step == 5
    assert notes == ["checkpoint step-000010 is not used: weights.safetensors is not what the manifest says"]


def test_a_folder_without_a_manifest_is_no_checkpoint(tmp_path):
    save(tmp_path, 5)
    (save(tmp_path, 10) / "manifest.json").unlink()
    found, notes = newest(tmp_path)
    assert found.step == 5
    assert "no readable manifest" in notes[0]


@pytest.mark.parametrize("change", [{"values": {"n": 11}}, {"identity": {}}, {"step": 9}])
def test_a_manifest_of_which_a_number_was_changed_is_reported_and_not_believed(tmp_path, change):
    save(tmp_path, 5)
    path = save(tmp_path, 10) / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    found, notes = newest(tmp_path)
    assert found.step == 5
    assert notes == ["checkpoint step-000010 is not used: its manifest is not what was written"]


def test_a_manifest_of_an_earlier_version_is_believed(tmp_path):
    path = save(tmp_path, 10) / "manifest.json"
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "own"}))
    assert newest(tmp_path)[0].step == 10


def test_what_a_kill_left_while_saving_is_removed_and_told(tmp_path):
    save(tmp_path, 5)
    (tmp_path / ".step-000009.123-ab.partial").mkdir()
    found, notes = newest(tmp_path)
    assert found.step == 5
    assert not (tmp_path / ".step-000009.123-ab.partial").exists()
    assert "killed while saving" in notes[0]


def test_old_checkpoints_go_only_after_the_new_one_is_whole(tmp_path):
    for step in (5, 10, 15):
        save(tmp_path, step)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-000010", "step-000015"]


def test_a_full_disk_ends_with_five_and_the_last_good_one_stays(tmp_path):
    save(tmp_path, 5)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        said = r"step-000010 cannot be written .*room for 0\.4 MB"
        with pytest.raises(EnvironmentProblem, match=said) as failure:
            save(tmp_path, 10, keep=1, size=100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert failure.value.exit_code == 5
    assert [p.name for p in tmp_path.iterdir()] == ["step-000005"]
    assert newest(tmp_path)[0].step == 5


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_never_saved(tmp_path, value):
    with pytest.raises(NonFiniteWeights, match="w holds NaN or infinity") as failure:
        save(tmp_path, 5, value=value)
    assert failure.value.exit_code == 6
    assert list(tmp_path.iterdir()) == []


def test_another_setting_is_refused_by_name_unless_forced(tmp_path):
    save(tmp_path, 5)
    found, _ = newest(tmp_path)
    other = {**IDENTITY, "rate": 2e-4, "processes": 2}
    with pytest.raises(UsageProblem, match=r"other processes \(1 then, 2 now\), rate \(0.0001 then, 0.0002 now\)"):
        checkpoint.check_same_run(found, other)
    assert checkpoint.check_same_run(found, other, force=True) == ["processes", "rate"]
    assert checkpoint.check_same_run(found, IDENTITY) == []


class Wrapping(torch.optim.AdamW):
    """An optimizer whose state holds its moments in a dictionary of their own, as one with 8-bit moments does."""

    def state_dict(self):
        told = super().state_dict()
        wrapped = {
            number: {"step": own["step"], "moments": {name: own[name] for name in own if name != "step"}}
            for number, own in told["state"].items()
        }
        return {**told, "state": wrapped}

    def load_state_dict(self, told):
        flat = {number: {"step": own["step"], **own["moments"]} for number, own in told["state"].items()}
        super().load_state_dict({**told, "state": flat})


@pytest.mark.parametrize("kind", [torch.optim.AdamW, Wrapping])
def test_an_optimizer_goes_on_exactly_after_a_round_trip_without_pickle(kind):
    def fresh():
        torch.manual_seed(0)
        weight = torch.nn.Parameter(torch.randn(6))
        return weight, kind([weight], lr=0.1, betas=(0.9, 0.99))

    def advance(weight, optimizer):
        optimizer.zero_grad()
        weight.pow(3).sum().backward()
        optimizer.step()

    weight, optimizer = fresh()
    advance(weight, optimizer)
    tensors, values = checkpoint.flatten_optimizer(optimizer)
    other, resumed = fresh()
    other.data.copy_(weight.data)
    checkpoint.restore_optimizer(resumed, tensors, json.loads(json.dumps(values)))
    advance(weight, optimizer)
    advance(other, resumed)
    assert torch.equal(weight, other)

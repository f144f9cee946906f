"""What is published of a run tells no folder of the machine that it was made on."""

import json

import pytest

from training.record.run_file import write_run


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("/home/ann/secret/owls", "owls"),
        ("C:\\Users\\ann\\owls", "owls"),
        ("owls/2", "owls/2"),
        ("ann/owls", "ann/owls"),
        ("base_model", "base_model"),
        ("a sound / of rain", "a sound / of rain"),
    ],
)
def test_of_a_path_only_its_last_part_is_written(tmp_path, given, told):
    path = write_run(tmp_path, {"base": given, "settings": {"replay_dataset": given}, "list": [given, 3, None, 0.5]})
    expected = {"base": told, "settings": {"replay_dataset": told}, "list": [told, 3, None, 0.5]}
    assert json.loads(path.read_text()) == expected

"""JSON of strangers, where pydantic is not at hand: every fault of it is a ValueError, and a sentence in the end."""

import json

import pytest
import torch

from spectrogram.adapters import aesthetic
from spectrogram.adapters.safetensors_file import write
from spectrogram.bases import GenerationDefaults, table_beside
from spectrogram.files.annotations import AnnotationProblem, read_annotations
from spectrogram.json_text import parsed
from spectrogram.params import SpectrogramParams
from spectrogram.problems import Problem

TOO_MUCH = {
    "nested": '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "a number without end": '{"a": ' + "9" * 400 + "}",
    "no JSON": "{",
}


def test_what_is_json_is_what_json_says():
    for value in ({"a": [1, -2.5, None, True, "é"]}, [], 10**299, -5):
        assert parsed(json.dumps(value)) == value


@pytest.mark.parametrize("text", TOO_MUCH.values(), ids=TOO_MUCH)
def test_whatever_is_wrong_with_it_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"nested|digits|Expecting"):
        parsed(text)


@pytest.mark.parametrize("text", [*TOO_MUCH.values(), "[]", "7", '{"annotations": [{"data": 1}]}'])
def test_a_hostile_jams_is_no_annotation_file(tmp_path, text):
    (tmp_path / "a.jams").write_text(text)
    with pytest.raises(AnnotationProblem):
        read_annotations(tmp_path / "a.jams")


@pytest.mark.parametrize("text", [*TOO_MUCH.values(), "[]", "7"])
def test_hostile_files_beside_a_base_are_named(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    if text not in ("[]",):
        with pytest.raises(Problem, match=r"config\.json of .* is damaged"):
            table_beside(str(tmp_path), "config.json")
    with pytest.raises(Problem, match="unusable"):
        GenerationDefaults.from_json(text)


def test_a_number_of_hundreds_of_digits_is_no_parameter():
    values = SpectrogramParams.preset("mini").to_dict()
    with pytest.raises(Problem, match="step_ms has 401 digits"):
        SpectrogramParams.from_dict(values | {"step_ms": 10**400})
    with pytest.raises(Problem, match="401 digits"):
        SpectrogramParams.from_json(json.dumps(values | {"step_ms": 10**400}))


@pytest.mark.parametrize("field", ["ear", "facts"])
@pytest.mark.parametrize("text", [*TOO_MUCH.values(), "null", "7"])
def test_a_hostile_header_of_an_aesthetic_is_a_sentence(tmp_path, field, text):
    row = torch.nn.functional.normalize(torch.ones(32), dim=0)
    header = {"ear": "{}", "name": "owl", "facts": "{}"}
    write(tmp_path / "a.safetensors", {aesthetic.KEY: row}, header | {"format": aesthetic.FORMAT, field: text})
    with pytest.raises(Problem, match=r"(?i)the header of a\.safetensors is damaged"):
        aesthetic.Aesthetic.read(tmp_path / "a.safetensors")


def test_an_aesthetic_without_its_row_is_a_sentence(tmp_path):
    header = {"ear": "{}", "name": "owl", "facts": "{}", "format": aesthetic.FORMAT}
    write(tmp_path / "a.safetensors", {"other": torch.ones(3)}, header)
    with pytest.raises(Problem, match="holds no row"):
        aesthetic.Aesthetic.read(tmp_path / "a.safetensors")


@pytest.mark.parametrize("where", ["tensor", "text"])
def test_a_name_of_half_a_letter_is_a_sentence_and_leaves_nothing(tmp_path, where):
    tensors, texts = ({"\ud800": torch.ones(2)}, {}) if where == "tensor" else ({"a": torch.ones(2)}, {"b": "\ud800"})
    with pytest.raises(Problem, match="cannot be written"):
        write(tmp_path / "a.safetensors", tensors, texts)
    assert list(tmp_path.iterdir()) == []

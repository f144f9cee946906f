"""The card says what the files say, for the Hub and for people."""

import json

import pytest

from model_card import __main__ as command
from model_card import listening_page
from model_card.licence import strictest

RUN = {
    "settings": {
        "trigger": "tawny", "steps": 10, "batch": 4, "rank": 8, "targets": "wide", "rate": 0.001, "seed": 3,
        "precision": "bf16",
    },
    "base": "owner/base", "dataset": {"name": "sd-audio-spectrograms", "train": 40, "validation": 5},
    "licences": {"CC0 1.0": 30, "CC BY 4.0": 10},
    "spectrogram_params": {
        "columns": 256, "mel_bands": 128, "step_ms": 20.0, "low_hz": 0.0, "high_hz": 12000.0, "sample_rate_hz": 24000,
    },
    "prediction_type": "v_prediction", "trainable_parameters": 1234567,
    "validation": {
        "0": {"loss": 0.5, "standard_error": 0.01, "clips": 5},
        "10": {"loss": 0.25, "standard_error": 0.01, "clips": 5},
    },
    "seconds": {"cache": 2.0, "train": 61.0}, "versions": {"torch": "2.11.0"},
}  # fmt: skip
RESULTS = {
    "embedder": {"name": "ear", "version": "1"}, "n_generated": 16, "n_reference": 20,
    "metrics": {
        "frechet_distance[ear]": {"value": 2.0, "low": 1.5, "high": 2.5, "note": "0 is best"},
        "prompted_class_accuracy[ear]": {"value": 0.75, "low": None, "high": None, "note": ""},
    },
    "rows": {"without the adapter": {"frechet_distance[ear]": 8.0, "prompted_class_accuracy[ear]": 0.125}},
    "warnings": ["16 rows for 128 dimensions"],
}  # fmt: skip


@pytest.fixture
def card(tmp_path):
    folder = tmp_path / "owl"
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(RUN))
    (tmp_path / "results.json").write_text(json.dumps(RESULTS))
    assert command.main([str(folder), "--results", str(tmp_path / "results.json")]) == 0
    return folder / "README.md"


def test_the_hub_reads_licence_base_and_figures(card):
    from huggingface_hub import ModelCard

    data = ModelCard.load(card).data
    assert data.license == "cc-by-4.0"
    assert data.base_model == "owner/base"
    assert data.base_model_relation == "adapter"
    assert {r.metric_type: r.metric_value for r in data.eval_results}["frechet_distance[ear]"] == 2.0


def test_people_read_the_row_without_the_adapter_and_the_counts(card):
    text = card.read_text()
    assert "16 generated clips against 20 real ones" in text
    assert "| **with this adapter** | 2 (1.5 to 2.5) | 0.75 |" in text
    assert "| without the adapter | 8 | 0.125 |" in text
    assert "warning: 16 rows for 128 dimensions" in text
    assert "CC0 1.0: 30, CC BY 4.0: 10" in text
    assert "$" not in text


def test_a_run_that_did_not_finish_says_what_to_do(tmp_path, capsys):
    assert command.main([str(tmp_path)]) == 4
    told = capsys.readouterr().err
    assert "run.json does not exist (expected a file that a finished run leaves). Run python -m training first." in told


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        ({"CC0 1.0": 3}, "cc0-1.0"),
        ({"CC0 1.0": 3, "CC BY 3.0": 1}, "cc-by-4.0"),
        ({"CC BY-SA 4.0": 1, "CC BY 3.0": 1}, "cc-by-sa-4.0"),
        ({"CC BY-NC 3.0 (NONCOMMERCIAL)": 1, "CC0 1.0": 9}, "cc-by-nc-4.0"),
        ({"CC BY-NC-SA 4.0 (NONCOMMERCIAL)": 1}, "cc-by-nc-sa-4.0"),
        ({"not stated": 1, "CC0 1.0": 1}, "other"),
        ({"all rights reserved": 1}, "other"),
        ({}, "other"),
    ],
)
def test_the_strictest_licence_decides(licences, expected):
    assert strictest(licences) == expected


def test_the_verdict_is_good_only_if_every_figure_moved_the_right_way():
    assert listening_page.judge(RESULTS, "without the adapter").better
    worse = json.loads(json.dumps(RESULTS))
    worse["rows"]["without the adapter"]["prompted_class_accuracy[ear]"] = 0.9
    assert not listening_page.judge(worse, "without the adapter").better


def test_the_verdict_says_by_how_much():
    sentence = listening_page.judge(RESULTS, "without the adapter").sentence
    assert "frechet_distance[ear] 8 → 2 ↓" in sentence


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"method": "dreambooth"}, ["DreamBooth", 'load_lora_weights("owl")', "rank 8", "Trigger word: **tawny**"]),
        (
            {"method": "textual_inversion", "vectors": 4},
            ["A new word", 'load_textual_inversion("owl")', "4 vectors", "Trigger word: **&lt;tawny&gt;**"],
        ),
        (
            {"method": "aesthetic", "aesthetic_through": "picture"},
            ["An aesthetic", 'load_aesthetic("owl", through="picture")', "needs no trigger word"],
        ),
    ],
)
def test_a_card_says_what_its_method_made_and_how_it_is_loaded(tmp_path, settings, said):
    folder = tmp_path / "owl"
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(RUN | {"settings": RUN["settings"] | settings}))
    assert command.main([str(folder)]) == 0
    text = (folder / "README.md").read_text()
    assert [words for words in said if words not in text] == []

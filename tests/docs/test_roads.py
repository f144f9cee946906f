"""The roads of the guides by person, followed to the letter: each page's bash blocks, in a copy of the project."""

import json

import pytest
from datasets import load_dataset

from tests.docs.walking import FENCE, ROOT, blocks, clone, walk

GUIDES = sorted((ROOT / "docs").glob("for-*.md"))


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return clone(tmp_path_factory.mktemp("roads") / "project")


def follow(here, name) -> str:
    script = "\n".join(blocks(ROOT / "docs" / f"{name}.md", "bash"))
    return walk(here, f"source .venv/bin/activate\n{script}", 1700)


@pytest.mark.timeout(1800)
def test_a_sound_designer_gets_a_take_its_variations_and_a_loop(here):
    follow(here, "for-sound-designers")
    made = {path.name for path in here.glob("*.wav")}
    assert {"take.wav", "looped.wav"} <= made
    assert len([name for name in made if name.startswith("variation")]) == 2


@pytest.mark.timeout(1800)
def test_a_bioacoustician_gets_a_clip_for_each_annotation(here):
    follow(here, "for-bioacousticians")
    rows = [row for split in load_dataset(str(here / "owls"), columns=["caption", "start_s"]).values() for row in split]
    assert sorted(row["start_s"] for row in rows) == [0.5, 3.0]
    assert all("Tawny Owl" in row["caption"] for row in rows)


@pytest.mark.timeout(1800)
def test_a_researcher_gets_a_table_of_pairs_that_says_what_it_is(here):
    shown = follow(here, "for-researchers")
    results = json.loads((here / "results.json").read_text(encoding="utf-8"))
    kl = results["metrics"]["audio_kl_divergence[sd-audio-cnn-v1]"]
    assert (kl["n_used"], kl["only_in_generated"], kl["only_in_reference"]) == (6, [], [])
    assert results["sets"] == {"generated": "outputs", "reference": "reference"}
    assert "python -m metrics outputs reference --out results.json --html report.html" in shown
    assert "outputs (6 clips) against reference (6 clips), sd-audio-cnn-v1" in shown


def test_every_guide_is_linked_and_says_what_is_run():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(GUIDES) == 5
    for guide in GUIDES:
        assert f"(docs/{guide.name})" in readme
        assert {language for language, _ in FENCE.findall(guide.read_text(encoding="utf-8"))} <= {
            "bash",
            "sh",
            "python",
        }

"""Scenes planned from a bank or from sentences, and written with their labels, licences and splits."""

from __future__ import annotations

from collections.abc import Iterator

from dataset_builder.making.splits import MARK, NAMES, parse_shares
from dataset_builder.soundscapes.folder import SceneFolder
from dataset_builder.soundscapes.scenes.bank import Bank, Sound, licences_of
from dataset_builder.soundscapes.scenes.prompt import scene_of
from dataset_builder.soundscapes.scenes.render import background_event, rendered
from dataset_builder.soundscapes.scenes.scene import Ranges, Scene, drawn


def planned_scenes(bank: Bank, ranges: Ranges, seed: int, clips: int, shares: str) -> Iterator[tuple[str, Scene]]:
    """(split, scene) of ``clips`` scenes in the wished shares; a split whose recordings hold no event gives none."""
    wanted = parse_shares(shares)
    dealt = bank.deal(wanted, seed)
    banks = {split: bank.only(dealt, split) for split in NAMES if wanted[split]}
    banks = {split: own for split, own in banks.items() if own.events}
    total, index = sum(wanted[split] for split in banks), 0
    counts = {split: round(clips * wanted[split] / total) for split in banks}
    counts[next(iter(banks))] += clips - sum(counts.values())
    for split, own in banks.items():
        for _ in range(counts[split]):
            yield split, drawn(own, ranges, seed, index)
            index += 1


def prompted_scenes(
    prompts: list[str], bank: Bank, ranges: Ranges, seed: int, clips: int
) -> Iterator[tuple[str, Scene]]:
    """``clips`` scenes of each sentence, without a split."""
    for number, prompt in enumerate(prompts):
        for copy in range(clips):
            yield "", scene_of(prompt, bank, ranges, seed, number * clips + copy)


def write_scene(folder: SceneFolder, scene: Scene, split: str, number: int) -> None:
    """Render one scene and add it to a folder; its label is its first event's (``events`` has all).

    Its licence holds those of all sources.
    """
    audio, events = rendered(scene)
    sounds = [layer.sound for layer in scene.layers] + ([scene.background] if scene.background else [])
    labels = [event.label for event in events]
    stem = f"{number:06d}"
    facts = {
        "caption": scene.captions[0],
        "label": labels[0] if labels else scene.background.label,
        "licence": licences_of(sounds),
        "source": " ; ".join(dict.fromkeys(one.source for one in sounds if one.source)),
        "attribution": " ; ".join(dict.fromkeys(one.attribution for one in sounds if one.attribution)),
        "source_id": contained(sounds) or f"scene:{scene.seed[0]}:{scene.seed[1]}",
        "split": split,
        "more_captions": "|".join(scene.captions[1:]),
    }
    about = {"captions": list(scene.captions), "seed": list(scene.seed)}
    folder.add(stem, audio, scene.rate_hz, facts, [*background_event(scene), *events], scene.seconds, about)


def contained(sounds: list[Sound]) -> str:
    """The recordings that a scene is made of, parted by "|"; synthesised sounds are none, each scene has its own."""
    return MARK.join(sorted({one.recording for one in sounds if one.path}))

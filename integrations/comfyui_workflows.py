"""The node pack's example workflows, written and drawn from one description of each graph.

    python -m integrations.comfyui_workflows

ComfyUI lists ``integrations/comfyui/example_workflows/NAME.json`` under its templates, with ``NAME.jpg`` as picture.
"""

import argparse
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from integrations.comfyui import NODE_CLASS_MAPPINGS
from spectrogram.files import json_file

FOLDER = Path(__file__).parent / "comfyui" / "example_workflows"
# What the graphs use of ComfyUI's own nodes: inputs by name (widgets have no type of a link), and outputs.
CORE = {
    "CheckpointLoaderSimple": ({"ckpt_name": None}, ("MODEL", "CLIP", "VAE")),
    "LoraLoader": (
        {"model": "MODEL", "clip": "CLIP", "lora_name": None, "strength_model": None, "strength_clip": None},
        ("MODEL", "CLIP"),
    ),
    "CLIPTextEncode": ({"text": None, "clip": "CLIP"}, ("CONDITIONING",)),
    "EmptyLatentImage": ({"width": None, "height": None, "batch_size": None}, ("LATENT",)),
    "KSampler": (
        {"model": "MODEL", "seed": None, "steps": None, "cfg": None, "sampler_name": None, "scheduler": None,
         "positive": "CONDITIONING", "negative": "CONDITIONING", "latent_image": "LATENT", "denoise": None},
        ("LATENT",),
    ),
    "VAEDecode": ({"samples": "LATENT", "vae": "VAE"}, ("IMAGE",)),
    "VAEEncode": ({"pixels": "IMAGE", "vae": "VAE"}, ("LATENT",)),
    "LoadAudio": ({"audio": None}, ("AUDIO",)),
    "SaveAudio": ({"audio": "AUDIO", "filename_prefix": None}, ()),
}  # fmt: skip
LINKED = {"IMAGE", "AUDIO", "MODEL", "CLIP", "VAE", "LATENT", "CONDITIONING"}
CHECKPOINT = {
    "base": ("CheckpointLoaderSimple", {"ckpt_name": "v1-5-pruned-emaonly.safetensors"}),
    "adapter": ("LoraLoader", {"model": "base.MODEL", "clip": "base.CLIP", "lora_name": "owl_kohya.safetensors",
                               "strength_model": 1.0, "strength_clip": 1.0}),
    "prompt": ("CLIPTextEncode", {"text": "an owl hooting", "clip": "adapter.CLIP"}),
    "without": ("CLIPTextEncode", {"text": "", "clip": "adapter.CLIP"}),
}  # fmt: skip
SAMPLED = {"model": "adapter.MODEL", "seed": 0, "steps": 25, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal",
           "positive": "prompt.CONDITIONING", "negative": "without.CONDITIONING"}  # fmt: skip
HEARD = {
    "picture": ("VAEDecode", {"samples": "sampler.LATENT", "vae": "base.VAE"}),
    "sound": ("SpectrogramToSound", {"images": "picture.IMAGE", "format": "sd15", "seed": 0}),
    "saved": ("SaveAudio", {"audio": "sound.AUDIO", "filename_prefix": "audio/spectrogram"}),
}
GRAPHS = {
    "text-to-sound": {
        **CHECKPOINT,
        "canvas": ("EmptyLatentImage", {"width": 512, "height": 512, "batch_size": 1}),
        "sampler": ("KSampler", {**SAMPLED, "latent_image": "canvas.LATENT", "denoise": 1.0}),
        **HEARD,
    },
    "sound-variation": {
        "recording": ("LoadAudio", {"audio": "recording.wav"}),
        "encoded": ("SoundToSpectrogram", {"audio": "recording.AUDIO", "format": "sd15"}),
        **CHECKPOINT,
        "latent": ("VAEEncode", {"pixels": "encoded.IMAGE", "vae": "base.VAE"}),
        "sampler": ("KSampler", {**SAMPLED, "latent_image": "latent.LATENT", "denoise": 0.5}),
        **HEARD,
    },
}
WIDTH, ROW, GAP, TITLE = 270, 22, 70, 30
INK, PAPER, CARD, OURS, WIRE = "#e8e8e8", "#1e1f22", "#34363b", "#2f5d50", "#9aa0a8"


def signature(kind: str) -> tuple[dict, tuple]:
    """({input: type of its link, None for a widget}, types of the outputs) of a node."""
    if kind in CORE:
        return CORE[kind]
    node = NODE_CLASS_MAPPINGS[kind]
    told = node.INPUT_TYPES()
    inputs = {**told["required"], **told.get("optional", {})}
    types = {name: entry[0] for name, entry in inputs.items()}
    return {n: t if isinstance(t, str) and t in LINKED else None for n, t in types.items()}, node.RETURN_TYPES


def columns(graph: dict) -> dict[str, int]:
    """How many links lie before each node at most, which is its column."""
    depth = {}
    for name, (_, given) in graph.items():
        before = [value.split(".")[0] for value in given.values() if isinstance(value, str)]
        depth[name] = max((depth[one] + 1 for one in before if one in depth), default=0)
    return depth


def placed(graph: dict) -> dict[str, tuple[int, int, int]]:
    """{name: (left, top, height)} with columns from left to right."""
    tops, found = {}, {}
    for name, column in columns(graph).items():
        inputs, outputs = signature(graph[name][0])
        height = TITLE + ROW * (len(inputs) + len(outputs)) + 10
        top = tops.get(column, 40)
        found[name] = (40 + column * (WIDTH + GAP), top, height)
        tops[column] = top + height + 40
    return found


def workflow(graph: dict) -> dict:
    """A graph in ComfyUI's workflow format 0.4."""
    names, places, links, nodes = list(graph), placed(graph), [], []
    for order, (name, (kind, given)) in enumerate(graph.items()):
        inputs, outputs = signature(kind)
        slots = []
        for entry, wanted in inputs.items():
            if wanted is None or entry not in given:
                continue
            source, output = given[entry].split(".")
            slot = signature(graph[source][0])[1].index(output)
            links.append([len(links) + 1, names.index(source) + 1, slot, order + 1, len(slots), wanted])
            slots.append({"name": entry, "type": wanted, "link": len(links)})
        left, top, height = places[name]
        nodes.append({
            "id": order + 1, "type": kind, "pos": [left, top], "size": [WIDTH, height], "flags": {}, "order": order,
            "mode": 0, "inputs": slots,
            "outputs": [{"name": out, "type": out, "links": [], "slot_index": n} for n, out in enumerate(outputs)],
            "properties": {"Node name for S&R": kind}, "widgets_values": widgets(inputs, given),
        })  # fmt: skip
    for number, source, slot, *_ in links:
        nodes[source - 1]["outputs"][slot]["links"].append(number)
    return {"last_node_id": len(nodes), "last_link_id": len(links), "nodes": nodes, "links": links, "groups": [],
            "config": {}, "extra": {}, "version": 0.4}  # fmt: skip


def widgets(inputs: dict, given: dict) -> list:
    """Values in the order of the inputs; ComfyUI puts a control of its own behind every seed."""
    values = []
    for entry, wanted in inputs.items():
        if wanted is None and entry in given:
            values += [given[entry], "fixed"] if entry == "seed" else [given[entry]]
    return values


def drawing(graph: dict) -> Image.Image:
    """The graph as boxes and wires; the node pack's own nodes in green."""
    places, font = placed(graph), ImageFont.load_default(13)
    right, low = (max(values) for values in zip(*((x + WIDTH, y + h) for x, y, h in places.values()), strict=True))
    picture = Image.new("RGB", (right + 40, low + 40), PAPER)
    pen, ends = ImageDraw.Draw(picture), {}
    for name, (kind, given) in graph.items():
        x, y, height = places[name]
        inputs, outputs = signature(kind)
        pen.rounded_rectangle((x, y, x + WIDTH, y + height), 8, OURS if kind in NODE_CLASS_MAPPINGS else CARD)
        pen.text((x + 10, y + 7), kind, INK, font)
        for row, output in enumerate(outputs):
            ends[f"{name}.{output}"] = (x + WIDTH, y + TITLE + ROW * row + 9)
            pen.text((x + WIDTH - 10, y + TITLE + ROW * row), output, WIRE, font, anchor="ra")
        for row, (entry, wanted) in enumerate(inputs.items(), len(outputs)):
            here = (x, y + TITLE + ROW * row + 9)
            text = entry if wanted else f"{entry}: {given.get(entry, '')}"
            pen.text((x + 10, y + TITLE + ROW * row), text[:38], INK, font)
            if wanted and entry in given:
                pen.line((ends[given[entry]], here), WIRE, 2)
                pen.ellipse((here[0] - 4, here[1] - 4, here[0] + 4, here[1] + 4), WIRE)
    return picture


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m integrations.comfyui_workflows", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write (default: the node pack's own)")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name, graph in GRAPHS.items():
        json_file.write(out / f"{name}.json", workflow(graph))
        drawing(graph).save(out / f"{name}.jpg", quality=85)
        print(out / f"{name}.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())

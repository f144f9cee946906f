"""The ComfyUI nodes and the AUTOMATIC1111 script against stubs of what those hosts offer; the hosts do not run here.

ComfyUI reads NODE_CLASS_MAPPINGS, INPUT_TYPES, RETURN_TYPES and FUNCTION and calls the function with keywords. The web
UI offers `modules.scripts.Script`, `modules.script_callbacks.on_image_saved` and gradio.
"""

import importlib.util
import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from safetensors.torch import save_file

from spectrogram.codec import SpectrogramCodec
from spectrogram.params import SpectrogramParams
from spectrogram.recipe import Recipe

INTEGRATIONS = Path(__file__).resolve().parents[2] / "integrations"
PARAMETERS = "rain\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x512, Model: v1-5"


def load(path: Path, name: str):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tone():
    time_s = np.arange(round(5.12 * 40000)) / 40000
    return (0.3 * np.sin(2 * np.pi * 1000 * time_s)).astype(np.float32)[None]


class TestComfyUI:
    @pytest.fixture(scope="class")
    def nodes(self):
        return load(INTEGRATIONS / "comfyui" / "__init__.py", "comfyui_nodes").NODE_CLASS_MAPPINGS

    def run(self, node, **given):
        """What ComfyUI does with a node: fill in the defaults and call the named function."""
        told = node.INPUT_TYPES()
        assert set(told.get("hidden", {}).values()) <= {"PROMPT", "UNIQUE_ID"}
        inputs = told["required"]
        assert set(given) <= set(inputs)
        defaults = {name: kind[1]["default"] for name, kind in inputs.items() if len(kind) > 1}
        results = getattr(node(), node.FUNCTION)(**(defaults | given))
        assert len(results) == len(node.RETURN_TYPES)
        return results

    def test_a_sound_becomes_a_picture_and_comes_back(self, nodes, tone):
        audio = {"waveform": torch.from_numpy(np.stack([tone, 0.5 * tone])), "sample_rate": 40000}
        (images,) = self.run(nodes["SoundToSpectrogram"], audio=audio)
        assert images.shape == (2, 512, 512, 3)
        assert 0 <= images.min() <= images.max() <= 1
        (heard,) = self.run(nodes["SpectrogramToSound"], images=images, format="sd15")
        assert heard["waveform"].shape == (2, 1, tone.shape[1])
        spectrum = np.abs(np.fft.rfft(heard["waveform"][1, 0].numpy()))
        assert np.argmax(spectrum) / 5.12 == pytest.approx(1000, abs=2)

    def test_a_picture_without_a_name_is_recognised(self, nodes, tone):
        image = SpectrogramCodec(SpectrogramParams.preset("sd15")).encode(tone, 40000)
        images = torch.from_numpy(np.asarray(image, dtype=np.float32) / 255)[None]
        (heard,) = self.run(nodes["SpectrogramToSound"], images=images)
        assert heard["sample_rate"] == 40000

    def test_a_loud_picture_is_scaled_and_not_clipped(self, nodes, capsys):
        noise = torch.from_numpy(np.random.default_rng(0).uniform(0.9, 1, (1, 512, 256, 1)).astype(np.float32))
        (heard,) = self.run(nodes["SpectrogramToSound"], images=noise.repeat(1, 1, 1, 3), format="sd15")
        assert heard["waveform"].abs().max() == pytest.approx(1.0)
        assert (heard["waveform"].abs() > 0.999).float().mean() < 1e-3
        assert "above full scale: scaled to it" in capsys.readouterr().out

    def test_a_long_sound_becomes_as_many_pictures_as_hold_it(self, nodes, capsys):
        tone = 0.3 * torch.sin(2 * torch.pi * 1000 * torch.arange(7 * 40000) / 40000)
        (images,) = self.run(nodes["SoundToSpectrogram"], audio={"waveform": tone[None, None], "sample_rate": 40000})
        assert images.shape == (2, 512, 512, 3)
        columns = images[1, :, :, 0].max(dim=0).values
        assert columns[:180].min() > 0.8
        assert columns[195:].max() < 0.5
        assert "7.00 s are 2 pictures of 5.12 s" in capsys.readouterr().out

    def test_half_and_bfloat16_tensors_are_read(self, nodes, tone):
        for kind in (torch.float16, torch.bfloat16):
            audio = {"waveform": torch.from_numpy(tone[None]).to(kind), "sample_rate": 40000}
            (images,) = self.run(nodes["SoundToSpectrogram"], audio=audio)
            (heard,) = self.run(nodes["SpectrogramToSound"], images=images.to(kind), format="sd15")
            assert heard["waveform"].dtype == torch.float32

    def test_each_picture_of_a_batch_is_looked_at(self, nodes, tone):
        ours = SpectrogramCodec(SpectrogramParams.preset("sd15")).encode(tone, 40000)
        theirs = SpectrogramCodec(SpectrogramParams.preset("riffusion")).encode(tone, 40000)
        images = torch.from_numpy(np.stack([np.asarray(one, np.float32) / 255 for one in (ours, theirs)]))
        for batch in (images, images.flip(0)):
            with pytest.raises(ValueError, match=r"may be riffusion's, .* choose the `format`"):
                self.run(nodes["SpectrogramToSound"], images=batch)

    @pytest.fixture
    def painted(self, monkeypatch, tmp_path):
        """ComfyUI's folder of LoRAs, and a function of names: the graph whose node 9 hears what they painted."""

        def full_path(kind, name):
            return str(tmp_path / name) if (tmp_path / name).is_file() else None

        monkeypatch.setitem(sys.modules, "folder_paths", types.SimpleNamespace(get_full_path=full_path))

        def graph(*names):
            loaders = {f"lora{n}": {"class_type": "LoraLoader", "inputs": {"lora_name": name, "strength_model": 1.0,
                       "model": [f"lora{n - 1}" if n else "base", 0]}} for n, name in enumerate(names)}  # fmt: skip
            return {
                "base": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd.safetensors"}},
                **loaders,
                "other": {"class_type": "LoraLoader", "inputs": {"lora_name": "other.safetensors"}},
                "sampler": {"class_type": "KSampler", "inputs": {"model": [f"lora{len(names) - 1}", 0], "seed": 1}},
                "9": {"class_type": "SpectrogramToSound", "inputs": {"images": ["sampler", 0], "format": "recognise"}},
            }

        for name, preset in (("owl", "sd15"), ("rain", "sd15"), ("other", "riffusion"), ("plain", None)):
            header = {"spectrogram_params": json.dumps(SpectrogramParams.preset(preset).to_dict())} if preset else {}
            save_file({"x": torch.zeros(1)}, tmp_path / f"{name}.safetensors", metadata=header)
        return graph

    LIGHT = torch.full((1, 512, 512, 3), 0.8)

    @pytest.mark.parametrize("names", [["owl"], ["plain", "owl"], ["owl", "rain"], ["owl", "gone"]], ids=str)
    def test_a_light_picture_is_read_in_the_format_of_the_lora_in_its_graph(self, nodes, painted, names):
        graph = painted(*(f"{name}.safetensors" for name in names))
        node = nodes["SpectrogramToSound"]()
        (heard,) = node.decode(self.LIGHT, "recognise", 0, prompt=graph, unique_id="9")
        assert heard["sample_rate"] == SpectrogramParams.preset("sd15").sample_rate_hz
        assert heard["waveform"].shape[2] == SpectrogramParams.preset("sd15").clip_samples

    @pytest.mark.parametrize(
        ("names", "said"),
        [(["plain"], "may be riffusion's"), (["owl", "other"], "different formats: choose one")],
        ids=str,
    )
    def test_without_one_format_in_the_graph_the_node_asks_for_it(self, nodes, painted, names, said):
        graph = painted(*(f"{name}.safetensors" for name in names))
        with pytest.raises(ValueError, match=said):
            nodes["SpectrogramToSound"]().decode(self.LIGHT, "recognise", 0, prompt=graph, unique_id="9")


class TestAutomatic1111:
    @pytest.fixture
    def script(self, monkeypatch):
        """The script as the web UI imports it, and the callback that it registers."""
        registered = []
        scripts = types.SimpleNamespace(Script=object, AlwaysVisible=object())
        callbacks = types.SimpleNamespace(on_image_saved=registered.append)
        package = types.SimpleNamespace(scripts=scripts, script_callbacks=callbacks)
        for name, stub in {
            "modules": package,
            "modules.scripts": scripts,
            "modules.script_callbacks": callbacks,
        }.items():
            monkeypatch.setitem(sys.modules, name, stub)
        module = load(INTEGRATIONS / "automatic1111" / "scripts" / "spectrogram_sound.py", "spectrogram_sound")
        return module.SpectrogramSound(), registered[0], scripts

    def saved(self, script, picture, filename, enabled=True, preset="recognise", suffix="wav"):
        p = types.SimpleNamespace()
        script.process(p, enabled, preset, suffix)
        pnginfo = {"parameters": PARAMETERS}
        return types.SimpleNamespace(image=picture, p=p, filename=str(filename), pnginfo=pnginfo)

    @pytest.mark.parametrize("suffix", ["wav", "flac"])
    def test_the_sound_lies_beside_the_picture_with_its_recipe(self, script, tmp_path, suffix, tone):
        panel, on_saved, _ = script
        picture = SpectrogramCodec(SpectrogramParams.preset("riffusion")).encode(tone, 40000)
        path = on_saved(self.saved(panel, picture, tmp_path / "00001-5.png", preset="riffusion", suffix=suffix))
        assert path == tmp_path / f"00001-5.{suffix}"
        assert soundfile.info(path).duration == pytest.approx(5.12, abs=0.02)
        recipe = Recipe.read(path)
        assert (recipe.prompt, recipe.seed, recipe.steps) == ("rain", 5, 20)

    def test_nothing_is_written_until_it_is_switched_on(self, script, tmp_path):
        panel, on_saved, _ = script
        picture = Image.new("RGB", (512, 512))
        assert on_saved(self.saved(panel, picture, tmp_path / "a.png", enabled=False)) is None
        assert list(tmp_path.iterdir()) == []

    def test_the_panel_is_shown_with_both_kinds_of_generation(self, script):
        import gradio

        panel, _, scripts = script
        assert panel.show(False) is panel.show(True) is scripts.AlwaysVisible
        with gradio.Blocks():
            parts = panel.ui(False)
        assert [type(part).__name__ for part in parts] == ["Checkbox", "Dropdown", "Radio"]

"""Embedders whose weights come from elsewhere: layouts of the public checkpoints, and random tiny models end to end."""

import os
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from metrics.embedders import load
from metrics.embedders.front_ends import panns_log_mel
from metrics.embedders.local_weights import fill, read_tensors
from metrics.embedders.panns import Cnn14
from metrics.embedders.vggish import VggishNet
from tests.metrics.sounds import noise, write_set

VGGISH_SHAPES = {
    "features.0.weight": (64, 1, 3, 3),
    "features.3.weight": (128, 64, 3, 3),
    "features.6.weight": (256, 128, 3, 3),
    "features.8.weight": (256, 256, 3, 3),
    "features.11.weight": (512, 256, 3, 3),
    "features.13.weight": (512, 512, 3, 3),
    "embeddings.0.weight": (4096, 12288),
    "embeddings.2.weight": (4096, 4096),
    "embeddings.4.weight": (128, 4096),
}


def test_vggish_has_the_layout_of_the_public_checkpoint():
    network = VggishNet().eval()
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert {name: shape for name, shape in shapes.items() if name.endswith("weight")} == VGGISH_SHAPES
    with torch.inference_mode():
        assert network(torch.zeros(1, 96, 64)).shape == (1, 128)


def test_cnn14_has_the_layout_of_the_public_checkpoint():
    with torch.device("meta"):
        network = Cnn14()
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert shapes["bn0.weight"] == (64,)
    assert shapes["conv_block1.conv1.weight"] == (64, 1, 3, 3)
    assert shapes["conv_block6.conv2.weight"] == (2048, 2048, 3, 3)
    assert shapes["conv_block6.bn2.running_mean"] == (2048,)
    assert shapes["fc1.weight"] == (2048, 2048)
    assert shapes["fc_audioset.weight"] == (527, 2048)


def test_cnn14_weights_of_another_shape_are_refused_by_name(tmp_path):
    small = Cnn14(widths=(1, 4, 4, 4, 4, 4, 8), classes=5)
    tensors = {name: value for name, value in small.state_dict().items() if not name.endswith("num_batches_tracked")}
    save_file(tensors, tmp_path / "small.safetensors")
    filled = fill(
        Cnn14(widths=(1, 4, 4, 4, 4, 4, 8), classes=5), read_tensors(tmp_path / "small.safetensors"), tmp_path
    )
    log_mel = torch.from_numpy(panns_log_mel(noise(1, 0.4))).float()[None]
    torch.testing.assert_close(filled(log_mel)[1], small.eval()(log_mel)[1])
    with pytest.raises(
        ValueError, match=r"\(4, 1, 3, 3\) for conv_block1\.conv1\.weight \(expected shape \(64, 1, 3, 3\)"
    ):
        fill(Cnn14(classes=5), read_tensors(tmp_path / "small.safetensors"), tmp_path / "small.safetensors")


def test_a_pickle_that_is_more_than_tensors_is_refused(tmp_path):
    torch.save({"model": {"bn0.weight": torch.zeros(64)}}, tmp_path / "good.pth")
    assert set(read_tensors(tmp_path / "good.pth")) == {"bn0.weight"}
    torch.save({"model": print}, tmp_path / "bad.pth")
    with pytest.raises(ValueError, match=r"bad\.pth is refused"):
        read_tensors(tmp_path / "bad.pth")


@pytest.fixture(scope="module")
def tiny_ast(tmp_path_factory):
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    folder = tmp_path_factory.mktemp("ast")
    torch.manual_seed(1)
    config = ASTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=4, max_length=1024
    )
    ASTForAudioClassification(config).save_pretrained(folder)
    ASTFeatureExtractor().save_pretrained(folder)
    return folder


def test_ast_gives_a_row_and_logits_a_clip_from_a_local_folder(tiny_ast, tmp_path):
    embedder = load("ast", str(tiny_ast))
    path = write_set(tmp_path, {"a": noise(1, 11.0)}) / "a.wav"
    analysis = embedder.analyse_file(path)
    assert analysis.rows.shape == (1, 16)
    assert analysis.logits.shape == (4,) == (len(embedder.classes),)
    assert len(embedder.sha256) == 64
    np.testing.assert_array_equal(embedder.analyse_file(path).rows, analysis.rows)


@pytest.fixture(scope="module")
def tiny_clap(tmp_path_factory):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("clap")
    torch.manual_seed(1)
    text = {
        "vocab_size": 8,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    audio = {"depths": [1, 1], "num_attention_heads": [2, 2], "patch_embeds_hidden_size": 8, "hidden_size": 16}
    config = ClapConfig(
        text_config=text | {"pad_token_id": 1, "projection_dim": 12},
        audio_config=audio | {"projection_dim": 12},
        projection_dim=12,
    )
    ClapModel(config).save_pretrained(folder)
    ClapFeatureExtractor().save_pretrained(folder)
    words = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "rain": 4, "dog": 5}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        model_max_length=16,
    ).save_pretrained(folder)
    return folder


def test_clap_puts_sounds_and_texts_in_one_space_and_never_draws_at_random(tiny_clap, tmp_path):
    embedder = load("clap", str(tiny_clap))
    path = write_set(tmp_path, {"a": noise(1, 12.0)}) / "a.wav"
    rows = embedder.embed([path])
    texts = embedder.embed_texts(["rain", "a dog barks"])
    assert rows.shape == (1, embedder.dimensions)
    assert texts.shape == (2, embedder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(np.concatenate([rows, texts]), axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(embedder.embed([path]), rows)


def test_a_model_that_is_not_here_says_how_to_give_it(tmp_path):
    with pytest.raises(ValueError, match=r"cannot be loaded .*weights=FOLDER"):
        load("ast", str(tmp_path))


@pytest.mark.parametrize("name", ["ast", "clap"])
def test_weights_that_are_a_pickle_are_never_opened(name, tiny_ast, tiny_clap, tmp_path):
    source = {"ast": tiny_ast, "clap": tiny_clap}[name]
    for file in source.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ValueError, match="cannot be loaded"):
        load(name, str(tmp_path))


@pytest.mark.parametrize("name", ["ast", "clap"])
def test_weights_that_are_pickles_are_never_loaded(name, request, tmp_path):
    """A folder whose only weights are a .bin that would run a program: refused, and nothing ran."""
    shutil.copytree(request.getfixturevalue(f"tiny_{name}"), tmp_path / "pickled")
    (tmp_path / "pickled" / "model.safetensors").unlink()

    class Runs:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    torch.save({"weights": Runs()}, tmp_path / "pickled" / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"model\.safetensors"):
        load(name, str(tmp_path / "pickled"))
    assert not (tmp_path / "ran").exists()

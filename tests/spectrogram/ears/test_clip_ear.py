"""The CLIP of a real base as an ear, on a random model."""

import numpy as np
import torch
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

from spectrogram.ears.clip import ClipEar


def test_the_clip_of_a_real_base_is_an_ear_too(tmp_path):
    small = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config=small, vision_config={**small, "image_size": 32, "patch_size": 16}, projection_dim=8
    )
    CLIPModel(config).save_pretrained(tmp_path)
    size = {"height": 32, "width": 32}
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size).save_pretrained(tmp_path)
    heard = ClipEar.load(tmp_path)
    rows = heard.embed_images([np.zeros((128, 256), np.uint8), np.full((128, 256), 255, np.uint8)])
    assert rows.shape == (2, 8)
    assert torch.allclose(rows.norm(dim=1), torch.ones(2), atol=1e-5)
    assert heard.text_features(torch.randn(1, 32)).shape == (1, 8)

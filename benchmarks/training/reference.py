"""The loop of diffusers' train_text_to_image_lora.py, restated: what every step of it computes, in its order.

Pictures are decoded from PNG, resized, cropped and normalised by torchvision, captions tokenized; the VAE and the text
encoder run in every step; peft's LoRA on the attention, torch's default attention kernel, AdamW, clipping.
"""

import io

import torch
from diffusers.training_utils import cast_training_params
from peft import LoraConfig
from PIL import Image
from torchvision import transforms

from training.base import picture_size

RANK_TARGETS = ["to_k", "to_q", "to_v", "to_out.0"]


class ReferenceLoop:
    """``advance()`` is one optimizer step of a batch; the data loader works in this process, as its default does."""

    def __init__(self, base, pngs, captions, batch, rank, half, seed=0):
        """``half``: as with --mixed_precision bf16, frozen weights in bfloat16 and the UNet under autocast."""
        self.base, self.batch = base, batch
        self.dtype = torch.bfloat16 if half else torch.float32
        self.unet = base.unet
        for part in (base.unet, base.vae, base.text_encoder):
            part.requires_grad_(False)
            part.to(self.dtype)
        self.unet.add_adapter(
            LoraConfig(r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=RANK_TARGETS)
        )
        cast_training_params(self.unet)
        self.parameters = [p for p in self.unet.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=1e-4, weight_decay=1e-2)
        self.rates = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: 1.0)
        torch.manual_seed(seed)
        self.loader = self._endless(torch.utils.data.DataLoader(
            Pictures(base, pngs, captions), shuffle=True, batch_size=batch, drop_last=True, num_workers=0
        ))  # fmt: skip
        self.unet.train()

    @staticmethod
    def _endless(loader):
        while True:
            yield from loader

    def advance(self):
        base = self.base
        rows = next(self.loader)
        pixels = rows["pixels"].to(self.dtype)
        latents = base.vae.encode(pixels).latent_dist.sample() * base.vae.config.scaling_factor
        noise = torch.randn_like(latents)
        steps = torch.randint(0, base.scheduler.config.num_train_timesteps, (len(latents),)).long()
        noisy = base.scheduler.add_noise(latents, noise, steps)
        words = base.text_encoder(rows["ids"], return_dict=False)[0]
        if base.scheduler.config.prediction_type == "v_prediction":
            target = base.scheduler.get_velocity(latents, noise, steps)
        else:
            target = noise
        with torch.autocast("cpu", torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            predicted = self.unet(noisy, steps, words, return_dict=False)[0]
        loss = torch.nn.functional.mse_loss(predicted.float(), target.float(), reduction="mean")
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.rates.step()
        self.optimizer.zero_grad()
        return loss.detach().item()


class Pictures:
    """Rows of the dataset as the script's transforms make them."""

    def __init__(self, base, pngs, captions):
        self.pngs = pngs
        width, height = picture_size(base.name)
        shape = (height, width)
        self.transform = transforms.Compose([
            transforms.Resize(shape, interpolation=transforms.InterpolationMode.LANCZOS),
            transforms.CenterCrop(shape),
            transforms.ToTensor(),
            transforms.Normalize([0.5], [0.5]),
        ])  # fmt: skip
        self.tokenizer, self.captions = base.tokenizer, captions

    def __len__(self):
        return len(self.pngs)

    def __getitem__(self, i):
        picture = Image.open(io.BytesIO(self.pngs[i])).convert("RGB")
        ids = self.tokenizer(
            [self.captions[i]], max_length=self.tokenizer.model_max_length, padding="max_length", truncation=True,
            return_tensors="pt",
        ).input_ids  # fmt: skip
        return {"pixels": self.transform(picture), "ids": ids[0]}

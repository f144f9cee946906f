"""How well what a prompt paints fits an aesthetic, with gradients that reach the text encoder through the UNet.

A few sounds are begun from noise and, at one of the first steps, where the prompt decides what it will be, the UNet's
guess of the finished picture is decoded and heard by the ear.
"""

import torch
from diffusers import DDIMScheduler

from spectrogram.problems import Problem

CLIPS, WALK, FIRST = 2, 6, 3
GUIDANCE, SHARPNESS = 3.0, 10.0


class Painted:
    """A fit for `aesthetic.steered`: (encoder, token ids (1, tokens)) -> a number that grows as the pictures fit.

    Where the aesthetic knows others, it is the log-probability of the aesthetic among them, else the mean cosine.
    Every call draws new noise from a generator of its own, so that a prompt is always read alike.
    """

    def __init__(self, pipeline, aesthetic, ear, seed=0):
        if not hasattr(ear, "image_features"):
            raise Problem(f"the ear {ear.identity['name']} cannot be learned through", "a base with an ear of its own",
                          "steer through the words")  # fmt: skip
        self.pipeline, self.aesthetic, self.ear = pipeline, aesthetic, ear
        self.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
        self.scheduler.set_timesteps(WALK)
        self.generator = torch.Generator().manual_seed(seed)
        self.empty = self._ids_of_nothing()

    def _ids_of_nothing(self):
        tokenizer = self.pipeline.tokenizer
        return tokenizer("", padding="max_length", max_length=tokenizer.model_max_length, return_tensors="pt").input_ids

    def __call__(self, encoder, ids):
        words = encoder(ids)[0].expand(CLIPS, -1, -1)
        turn = int(torch.randint(FIRST, (1,), generator=self.generator))
        with torch.no_grad():
            empty = encoder(self.empty.to(ids.device))[0].expand(CLIPS, -1, -1)
            latents = self._begin(turn, torch.cat([empty, words.detach()]))
        time = self.scheduler.timesteps[turn]
        predicted = self.pipeline.unet(latents, time, encoder_hidden_states=words).sample
        finished = self.scheduler.step(predicted, time, latents).pred_original_sample
        vae = self.pipeline.vae
        pictures = vae.decode(finished / vae.config.scaling_factor).sample.clamp(-1, 1)
        return self._fit(self.ear.image_features(pictures.float()))

    def _begin(self, turn, both):
        """Latents (CLIPS, channels, h, w) after the first ``turn`` steps from noise, guided by (empty, words)."""
        unet = self.pipeline.unet
        params, factor = self.pipeline.params, self.pipeline.vae_scale_factor
        height, width = params.height // factor, params.columns // factor
        shape = (CLIPS, unet.config.in_channels, height, width)
        latents = torch.randn(shape, generator=self.generator).to(both.device, both.dtype)
        for time in self.scheduler.timesteps[:turn]:
            plain, guided = unet(torch.cat([latents] * 2), time, encoder_hidden_states=both).sample.chunk(2)
            latents = self.scheduler.step(plain + GUIDANCE * (guided - plain), time, latents).prev_sample
        return latents

    def _fit(self, rows):
        """From the ear's rows (n, d) to one number."""
        wanted, others = self.aesthetic.row.to(rows.device), self.aesthetic.others
        cosines = rows @ wanted
        if others is None:
            return cosines.mean()
        against = rows @ others.to(rows.device).T
        return (torch.cat([cosines[:, None], against], dim=1) * SHARPNESS).log_softmax(dim=1)[:, 0].mean()

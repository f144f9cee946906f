"""From noise to pictures: seeds, latents, the denoising loop, and how its pictures are heard."""

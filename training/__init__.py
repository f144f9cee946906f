"""Teaching Stable Diffusion a sound: cached latents, LoRA on any base, and the embedded base model from nothing."""

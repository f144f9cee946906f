"""The embedded base model from nothing: corpus -> VAE -> tokenizer -> UNet with text encoder -> a diffusers folder."""

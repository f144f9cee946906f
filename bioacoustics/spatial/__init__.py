"""Scenes around a listener: places of sounds, as stereo and first-order Ambisonics, and what is left of them."""

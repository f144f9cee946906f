"""Scenes around a listener: where each sound comes from, as stereo and first-order Ambisonics, and what is left of it."""

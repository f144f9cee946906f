"""Sounds out of a mixture: learned spectral bases, their activations in a recording, and one Wiener mask a source."""

"""Metrics for generated sound: what is measured, with which embedder, on which clips, and how far it can be trusted."""

"""Adapters of others in, ours out: export, conversion."""

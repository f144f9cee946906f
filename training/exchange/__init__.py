"""Adapters of others in, ours out: layouts, export, conversion."""

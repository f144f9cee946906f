"""Faster passes on a CPU: attention and layers as plain products, and layers that add nothing left out."""

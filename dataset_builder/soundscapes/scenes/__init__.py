"""Scenes mixed from labelled sounds: a background, events over it, and exact labels of what sounds when.

The road: a ``Bank`` of sounds (any labelled set, or the synthesised classes) -> a ``Scene`` (all numbers, from a seed
or a prompt) -> audio and caption -> strong labels as JAMS and csv.  After Salamon et al., Scaper (WASPAA 2017).
"""

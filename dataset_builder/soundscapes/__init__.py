"""Sounds that are composed here: synthesised classes, scenes mixed from any labelled set, and their strong labels."""

"""The phases in which the embedded base model was trained, each from what the one before left."""

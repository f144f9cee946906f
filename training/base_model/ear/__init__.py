"""The ear of a base model: how it is trained and what it understands."""

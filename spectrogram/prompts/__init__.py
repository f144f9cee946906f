"""The language of prompts, and how a text encoder reads it."""

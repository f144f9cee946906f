"""Pictures and prompts as rows in one space: the embedded ear, CLIP, and what is nearest to a sound."""

"""What the page keeps on disk: clips, uploads, datasets, examples, and how a clip looks."""

"""What is learned from: the dataset, its cached latents, and clips that keep what the base knew."""

"""The dataset's card: its README, its pictures, and a few clips to hear."""

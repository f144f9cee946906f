"""Where sounds and captions come from; every source ends in entries or in a folder with metadata.csv and audio/."""

"""The small sound classifier `sd-audio-cnn-v1`: what it hears, how it is built, and how it is trained from folders."""

"""What was taught to a base: LoRAs, words and aesthetics, checked before anything of them is loaded."""

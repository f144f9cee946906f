"""The Space: one engine that makes sound, one card that shows it, one file for each tab."""

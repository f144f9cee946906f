"""What the headers of sound files say, and what they leave open."""

"""What a stranger must know of a trained adapter: the card, and a page to hear it."""

"""From recordings of animals to answers: separate, classify, detect, and find out whether made-up sound helps."""

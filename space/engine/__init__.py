"""What does the work: the model, its adapters, its limits, and measuring."""

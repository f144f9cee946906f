"""The training loop and what it needs: draws, objective, optimizer, checkpoints, validation, a way to stop."""

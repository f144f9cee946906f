"""What is trained and how it is saved: one method a file."""

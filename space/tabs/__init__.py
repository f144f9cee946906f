"""One tab a file, and the fields of the larger ones."""

"""One command a file; `python -m dataset_builder` loads the one that is asked for."""

"""Sound files and captions become a dataset of spectrogram pictures that ``load_dataset`` reads.

The road: entries (what is wanted) -> clips (what was found) -> rows (picture + sound + caption + provenance)
-> pieces (finished work that a rerun skips) -> Parquet shards, card and splits.  ``python -m dataset_builder --help``.
"""

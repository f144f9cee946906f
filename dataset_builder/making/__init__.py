"""From entries to finished work: clips, rows, pieces, shards and the splits that they belong to."""

"""The commands of ``python -m bioacoustics``, one a file; nothing heavy is imported before the options are read."""

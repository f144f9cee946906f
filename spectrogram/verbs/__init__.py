"""What can be done to a sound: one file a verb, each a function of the pipeline."""

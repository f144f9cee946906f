"""What a run leaves behind to be read: events, curves, samples, a report."""

"""Sets of clips: found, embedded, accounted for, and handed to a metric."""

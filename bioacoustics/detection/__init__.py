"""When each class sounds in recordings of any length: windows, thresholds, events, tables, and how well."""

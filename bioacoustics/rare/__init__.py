"""Whether generated sound helps where recordings are rare: one loop, with its filter, its controls and its report."""

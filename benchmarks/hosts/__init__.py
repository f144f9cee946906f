"""Our files in the hosts' own loaders."""

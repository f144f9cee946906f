"""The command line's verbs, one file each; torch is loaded only once a command runs."""

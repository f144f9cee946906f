"""From a visitor's files to a model of their own: checks, methods, runs, jobs, publishing."""

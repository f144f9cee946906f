"""Figures from embedded sets, each with its interval and noise floor."""

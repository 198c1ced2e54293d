"""Families made of families: shifted, truncated, zero-inflated, hurdles, mixtures. Each takes and gives a `Family`."""

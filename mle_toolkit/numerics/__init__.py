"""What knows nothing of statistics, and everybody may use."""

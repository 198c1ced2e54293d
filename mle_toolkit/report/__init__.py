"""Text, tables and records of results."""

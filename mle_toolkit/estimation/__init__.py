"""From a likelihood to a certified maximum."""

"""How well the maximum is known."""

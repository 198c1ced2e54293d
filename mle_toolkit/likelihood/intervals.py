"""The likelihood of intervals: what is known of censored, binned and rounded observations, and of windows."""

from mle_toolkit.families.mass import log_interval_mass, log_mass, mass_scores, open_ends

__all__ = ["log_interval_mass", "log_mass", "mass_scores", "open_ends"]

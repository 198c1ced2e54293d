"""The likelihood of intervals: what is known of censored, binned and rounded observations, and of windows."""

from mle_toolkit.families.mass import log_interval_mass, log_mass, mass_scores

__all__ = ["log_interval_mass", "log_mass", "mass_scores"]

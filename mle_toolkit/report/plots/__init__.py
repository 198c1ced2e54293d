"""Pictures of fits and comparisons, by what they show; `mle_toolkit.report.plot` has them all."""

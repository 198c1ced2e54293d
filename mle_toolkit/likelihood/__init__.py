"""The only place where observations and weights become log-likelihood, score and information."""

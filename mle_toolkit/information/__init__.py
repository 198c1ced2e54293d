"""Entropy, cross-entropy and Kullback-Leibler divergence, of samples and of fitted models."""

"""Entropy, cross-entropy and divergence: of arrays, counts, samples, distributions, fits and classifiers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

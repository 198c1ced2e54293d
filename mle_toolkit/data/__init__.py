"""What was observed."""

from mle_toolkit.data import datasets as datasets

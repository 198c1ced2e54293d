"""Settings and helpers of every test."""

import sys
from pathlib import Path

import hypothesis

# Helper modules of the tests (references.py, strategies.py) are imported by name.
sys.path.insert(0, str(Path(__file__).parent))

hypothesis.settings.register_profile(
    "deterministic",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=8,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
)
hypothesis.settings.load_profile("deterministic")

"""Tails of normal laws whose variance varies: where the lean is large, and far out, against integrals of mpmath."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mle_toolkit.families.generalized_hyperbolic import GeneralizedHyperbolic
from mle_toolkit.families.generalized_inverse_gaussian import GeneralizedInverseGaussian
from mle_toolkit.families.normal_inverse_gaussian import NormalInverseGaussian
from mle_toolkit.families.skewed_student import SkewedStudent
from mle_toolkit.families.variance_gamma import VarianceGamma

TAILS = [  # logs of both, by mpmath at 30 digits, of panels about the step of the normal law
    (NormalInverseGaussian(), 30.0, (40.0, 1e-3), -1.3924017448729941, -0.28565453875650466),
    (GeneralizedHyperbolic(), -400.0, (-46.0, 1e-3, -8.0), -33.501749649431759, -2.820817525169935e-15),
    (GeneralizedHyperbolic(), 3.0, (60.0, 0.5, 4.0), -34.22367742902447, -1.3703949265946005e-15),
    (SkewedStudent(), 3.0, (80.0, -0.5), -14.885190712207194, -3.4311830364970489e-7),
    (VarianceGamma(), 600.0, (280.0, 1.5), -0.097087906329039002, -2.3802896915072723),
]


@pytest.mark.parametrize(("law", "z", "shapes", "below", "above"), TAILS, ids=lambda v: getattr(v, "name", None))
def test_tails_of_a_large_lean(law, z, shapes, below, above):
    """A step of the normal law that is narrow in the log of the variance, or ends of it far from those of its law."""
    for sign, pair in ((1.0, (below, above)), (-1.0, (above, below))):
        lean, *rest = shapes
        assert_allclose(
            law.reduced_tails(np.array([sign * z]), sign * lean, *rest), np.reshape(pair, (2, 1)), rtol=1e-12
        )


@pytest.mark.parametrize(("law", "z", "shapes", "below", "above"), TAILS, ids=lambda v: getattr(v, "name", None))
def test_slopes_of_tails_of_a_large_lean(law, z, shapes, below, above):
    """They are differences of the tails."""
    z = np.array([z])
    for k, slopes in enumerate(zip(*law.reduced_tail_slopes(z, *shapes), strict=True)):
        step = 1e-4 * abs(shapes[k])
        moved = [law.reduced_tails(z, *(s + m * step * (j == k) for j, s in enumerate(shapes))) for m in (-2, -1, 1, 2)]
        for slope, (a, b, c, d) in zip(slopes, zip(*moved, strict=True), strict=True):
            assert_allclose(slope, (a - 8 * b + 8 * c - d) / (12 * step), rtol=1e-8, atol=1e-11 / step)


def test_next_to_the_end_of_a_generalized_inverse_gaussian_law_tails_end():
    """As gamma falls to 0 beside a small lam, the mass lies over all doubles, and no further."""
    tails = GeneralizedInverseGaussian().reduced_tails(np.array([0.0]), 1e-200, 1e-14)
    assert_allclose(tails, np.full((2, 1), np.log(0.5)), rtol=1e-11)

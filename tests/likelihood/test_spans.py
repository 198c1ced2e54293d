"""Which models have their predictors among those of another, by blocks of rows and by the entries of a design."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.likelihood import spans


@pytest.fixture(scope="module", params=[12, 130], ids=["whole", "by entries"])
def frame(request):
    rng = np.random.default_rng(1)
    shop = np.repeat(np.arange(request.param), 6)
    x = 1e5 + rng.normal(size=len(shop))
    return {"x": x, "shop": shop, "half": shop % 2, "y": rng.poisson(np.exp(1 + 0.2 * (x - 1e5)))}


def fitted(formula, frame, **options):
    return mle.regress(formula, frame, "poisson", **options).model


def test_formulas_with_fewer_terms_are_inside(frame, monkeypatch):
    monkeypatch.setattr(spans, "_AT_ONCE", 500)  # several blocks
    larger = fitted("y ~ x + C(shop)", frame)
    for smaller in ("y ~ 1", "y ~ x", "y ~ C(shop)", "y ~ half + I(3 * x + 2)"):
        assert spans.outside(larger, fitted(smaller, frame)) is None


def test_another_column_or_an_offset_is_outside(frame):
    larger = fitted("y ~ x + C(shop)", frame)
    assert "columns that are not in the larger" in spans.outside(larger, fitted("y ~ I((x - 100000)**2)", frame))
    away = 1e-4 * np.arange(len(frame["y"]))
    assert spans.outside(larger, fitted("y ~ 1", frame, offset=away)) is not None
    assert spans.outside(larger, fitted("y ~ 1", frame, offset=0.5 * frame["half"])) is None
    assert spans.outside(fitted("y ~ half", frame), larger) is not None

"""What a comparison says of its fits in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.estimation.certificate import Verdict
from mle_toolkit.fitting import Fit


def listed(names: Iterable[str]) -> str:
    """Names with commas between them, and "or" before the last."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def params_text(fit: Fit) -> str:
    """Parameters as they stand in a cell of a table."""

    def shown(value: Any) -> str:
        numbers: Array = np.ravel(value)
        text = ", ".join(f"{v:.5g}" for v in numbers[:5]) + (", ..." if len(numbers) > 5 else "")
        return f"[{text}]" if np.ndim(value) else text

    return ", ".join(f"{name}={shown(value)}" for name, value in fit.params.items())


def flags_of(fit: Fit) -> list[str]:
    """Flags of its information report, and the law that it is at a limit."""
    flags = list(fit.information().flags)
    certificate = fit.certificate
    if certificate.limit is not None:
        flags.append(f"limit: {certificate.limit}")
    if certificate.verdict is Verdict.NON_REGULAR:
        flags.append("aic_not_regular")  # the error of an end of the support is of another order than AIC assumes
    return flags

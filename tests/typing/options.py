"""What type checkers must see in a user's code; read by `mypy tests/typing/options.py` and by `pyright`, and never run.

Each line with ``ignore`` holds a slip. That the checker finds it is what is tested: an ignore that is not needed is an
error itself (``warn_unused_ignores``, ``reportUnnecessaryTypeIgnoreComment``), for mypy also one of another kind.
"""

from typing import Any, assert_type

import numpy as np
import pandas as pd

import mle_toolkit as mle

fit: mle.Fit = mle.fit([1.0, 2.0, 4.0], "gamma", solver="newton", nan_policy="omit")
fit.conf_int(method="profile")
fit.conf_int(method="profil")  # type: ignore[arg-type]
fit.conf_int(scale="log")  # type: ignore[arg-type]
fit.quantile(0.9, method="bootstrap", rng=1)
fit.quantile(0.9, method="boot")  # type: ignore[call-overload]
fit.return_level(100, method="delta")  # type: ignore[call-overload]
fit.b_life(10, method="likelihood")  # type: ignore[call-overload]
fit.cov_params("robust")  # type: ignore[arg-type]
fit.residuals("studentized")  # type: ignore[arg-type]
fit.bootstrap(99, kind="parametrical")  # type: ignore[arg-type]
fit.goodness_of_fit("kolmogorov")  # type: ignore[arg-type]
fit.test({"shape": 1.0}, method="rao")  # type: ignore[arg-type]
fit.information("bits")  # type: ignore[arg-type]
fit.confint()  # type: ignore[attr-defined]
llf: float = fit.llf
kl: float = fit.kl  # type: ignore[assignment]

assert_type(fit.quantile(0.9), mle.Estimate)
assert_type(fit.quantile(np.float64(0.9), method="profile"), mle.Estimate)
assert_type(fit.quantile([0.5, 0.9]), pd.Series[Any])
assert_type(fit.quantile(np.array([0.5, 0.9])), pd.Series[Any])
assert_type(fit.return_level(100), mle.Estimate)
assert_type(fit.return_level((10, 100)), pd.Series[Any])
assert_type(fit.b_life(10), mle.Estimate)
assert_type(fit.hazard(pd.Series([1.0, 2.0])), pd.Series[Any])
fit.quantile("0.9")  # type: ignore[arg-type]
assert_type(fit.information().kl, mle.Estimate | None)

mle.fit([1.0, 2.0], "gamma", solver="bfgs-b")  # type: ignore[arg-type]
mle.fit([1.0, 2.0], "gamma", nan_policy="drop")  # type: ignore[arg-type]
mle.fit([1.0, 2.0], "gamma", weigths=[1, 2])  # type: ignore[call-arg]
mle.fit([1.0, 2.0], "power_law", xmin="estimate")
mle.fit([1.0, 2.0], "power_law", xmin="guess")  # type: ignore[arg-type]
mle.Sample([1.0, 2.0], weight_kind="freq")  # type: ignore[arg-type]
mle.spliced("lognormal", "pareto", join="soft")  # type: ignore[arg-type]
mle.entropy(counts=[4, 2, 3], method="miller_madow")  # type: ignore[arg-type]
mle.entropy([0.5, 0.5], unit="bits")  # type: ignore[arg-type]
mle.durations([], "months")  # type: ignore[arg-type]

vectors = np.zeros((5, 2))
assert_type(mle.fit(vectors, "multivariate_normal"), mle.Fit)
assert_type(mle.fit(["a", "b"], "categorical"), mle.Fit)
assert_type(mle.fit([1, 2], mle.get_family("poisson")), mle.Fit)

line = mle.regress("y ~ x", {"y": [1.0, 2.0, 4.0], "x": [0.0, 1.0, 2.0]}, "normal")
assert_type(line, mle.RegressionFit)
line.predict(what="mean")
line.predict(what="median")  # type: ignore[arg-type]
line.anova(kind="I")  # type: ignore[arg-type]
line.cov_params("cluster", cluster=[0, 0, 1])

ranking: mle.Comparison = mle.compare([1.0, 2.0, 4.0], ["gamma", "lognormal"])
ranking.vuong(method="clarke")  # type: ignore[arg-type]
ranking.weights("bic")  # type: ignore[arg-type]
best: mle.Fit = ranking.best

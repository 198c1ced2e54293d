"""What a type checker must see in a user's code; read by `mypy tests/typing/options.py`, and never run.

Each line with ``ignore`` holds a slip. That the checker finds it is what is tested: an ignore that is not needed is an
error itself (``warn_unused_ignores``), as is one of another kind.
"""

import mle_toolkit as mle

fit: mle.Fit = mle.fit([1.0, 2.0, 4.0], "gamma", solver="newton", nan_policy="omit")
fit.conf_int(method="profile")
fit.conf_int(method="profil")  # type: ignore[arg-type]
fit.conf_int(scale="log")  # type: ignore[arg-type]
fit.quantile(0.9, method="bootstrap", rng=1)
fit.quantile(0.9, method="boot")  # type: ignore[arg-type]
fit.return_level(100, method="delta")  # type: ignore[arg-type]
fit.b_life(10, method="likelihood")  # type: ignore[arg-type]
fit.cov_params("robust")  # type: ignore[arg-type]
fit.residuals("studentized")  # type: ignore[arg-type]
fit.bootstrap(99, kind="parametrical")  # type: ignore[arg-type]
fit.goodness_of_fit("kolmogorov")  # type: ignore[arg-type]
fit.test({"shape": 1.0}, method="rao")  # type: ignore[arg-type]
fit.confint()  # type: ignore[attr-defined]
llf: float = fit.llf
kl: float = fit.kl  # type: ignore[assignment]

mle.fit([1.0, 2.0], "gamma", solver="bfgs-b")  # type: ignore[arg-type]
mle.fit([1.0, 2.0], "gamma", nan_policy="drop")  # type: ignore[arg-type]
mle.fit([1.0, 2.0], "gamma", weigths=[1, 2])  # type: ignore[call-arg]
mle.Sample([1.0, 2.0], weight_kind="freq")  # type: ignore[arg-type]

line = mle.regress("y ~ x", {"y": [1.0, 2.0, 4.0], "x": [0.0, 1.0, 2.0]}, "normal")
line.predict(what="mean")
line.predict(what="median")  # type: ignore[arg-type]
line.anova(kind="I")  # type: ignore[arg-type]
line.cov_params("cluster", cluster=[0, 0, 1])

ranking: mle.Comparison = mle.compare([1.0, 2.0, 4.0], ["gamma", "lognormal"])
ranking.vuong(method="clarke")  # type: ignore[arg-type]
ranking.weights("bic")  # type: ignore[arg-type]
best: mle.Fit = ranking.best

"""A law and a combinator touch one file each: put into the package, they are found, written, compared and saved."""

import json
import subprocess
import sys

LAW = """
import numpy as np
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.expectations import GammaPower
from mle_toolkit.families.maps import SQUARE
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image

class Molecules(Family):
    name = "molecules"
    aliases = ("maxwell_speed",)
    parameters = (Parameter("sigma", POSITIVE, typical=(0.5, 5.0), role="scale"),)
    support = POSITIVE

    def logpdf(self, x, sigma):
        return 0.5 * np.log(2 / np.pi) + 2 * np.log(x / sigma) - np.log(sigma) - 0.5 * (x / sigma) ** 2

    def power_of(self, sigma):
        return GammaPower(1.5, 2.0, 2**0.5 * sigma)

    @property
    def images(self):
        return (
            Image(get_family("gamma"), lambda sigma: (1.5, 2 * sigma**2), SQUARE),
            Image(get_family("nakagami"), lambda sigma: (1.5, 3**0.5 * sigma), at=("shape",)),
        )
"""

COMBINATOR = """
import numpy as np
from mle_toolkit.families.combinators.parts import Combined, part

class Weakest(Combined):
    kind = "weakest"
    takes = {"n": int}

    def __init__(self, base, n):
        self.base, self.n = base, n
        self.name = f"weakest of {n} {base.name}"
        self.support, self.parameters = base.support, base.parameters
        super().__init__()

    def logpdf(self, x, *params):
        return np.log(self.n) + self.base.logpdf(x, *params) + (self.n - 1) * self.base.logsf(x, *params)

    def made_of(self):
        return (self.base,), {"n": self.n}

    @classmethod
    def made_from(cls, parts, others):
        return weakest(parts[0], others["n"])

def weakest(family, n):
    return Weakest(part(family, "weakest"), n)

MAKERS = (weakest,)
"""

USED = """
import json, sys
import mle_toolkit as mle
from mle_toolkit.families import __path__ as laws, combinators
from mle_toolkit.information import kl_divergence

laws.append(sys.argv[1])
combinators.__path__.append(sys.argv[1] + "/of_laws")
x = [1.2, 3.4, 2.2, 2.9, 0.8, 1.7]
small = mle.fit(x, "Maxwell speed")
far = kl_divergence(small.distribution, mle.distribution("molecules", sigma=9.0))
mixed = kl_divergence(small.distribution, mle.distribution("weibull", shape=2.0, scale=1.5))
chain = mle.fit(x, "weakest(weibull, n=5)")
chain.save(sys.argv[1] + "/fit.json")
print(json.dumps({
    "listed": "molecules" in mle.families(),
    "methods": [far.method, mixed.method],
    "nested": str(mle.fit(x, "nakagami").test(nested=small).null),
    "loaded": mle.load(sys.argv[1] + "/fit.json").family.name,
    "same": abs(chain.llf - mle.fit(x, "weibull").llf) < 1e-8,
}))
"""


def test_a_law_and_a_combinator_need_no_other_file(tmp_path):
    (tmp_path / "of_laws").mkdir()
    (tmp_path / "molecules.py").write_text(LAW)
    (tmp_path / "of_laws" / "weakest.py").write_text(COMBINATOR)
    ran = subprocess.run([sys.executable, "-c", USED, str(tmp_path)], check=True, capture_output=True, text=True)
    assert json.loads(ran.stdout) == {
        "listed": True,
        "methods": ["closed form", "closed form"],
        "nested": "shape = 1.5",
        "loaded": "weakest of 5 weibull",
        "same": True,
    }

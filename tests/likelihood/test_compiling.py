"""What is compiled is not kept beyond what it was compiled from."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mle_toolkit

compiling = pytest.importorskip("mle_toolkit.likelihood.kernels.compiling", exc_type=ImportError)

INNER = """from mle_toolkit.likelihood.kernels.elementary import function


@function
def moved(x):
    return x + {}
"""
OUTER = """from mle_toolkit.likelihood.kernels.elementary import loop
from mle_toolkit.likelihood.kernels.inner import moved
from mle_toolkit.data.sums import _FEW


@loop
def total(x):
    return moved(x) + _FEW
"""
RUN = """from mle_toolkit.likelihood.kernels.outer import total
print(total(1.0), sum(total.stats.cache_hits.values()))"""


def test_an_update_of_an_inlined_function_or_constant_compiles_anew(tmp_path):
    """Numba itself looks at the file of the outer function alone, which does not change here."""
    package = Path(mle_toolkit.__file__).parent
    shutil.copytree(package, tmp_path / "mle_toolkit", ignore=shutil.ignore_patterns("__pycache__"))
    kernels, sums = tmp_path / "mle_toolkit/likelihood/kernels", tmp_path / "mle_toolkit/data/sums.py"
    (kernels / "outer.py").write_text(OUTER)
    own = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "kept")}

    def run():
        found = subprocess.run(
            [sys.executable, "-c", RUN], env=os.environ | own, capture_output=True, text=True, check=True, cwd=tmp_path
        )
        value, hits = found.stdout.split()
        return float(value), int(hits)

    (kernels / "inner.py").write_text(INNER.format(1.0))
    assert run() == (4002.0, 0)
    assert run() == (4002.0, 1)
    (kernels / "inner.py").write_text(INNER.format(2.0))
    assert run() == (4003.0, 0)
    sums.write_text(sums.read_text().replace("_FEW = 4_000", "_FEW = 5_000"))
    assert run() == (5003.0, 0)
    assert run() == (5003.0, 1)

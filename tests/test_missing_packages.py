"""What needs a package that is not installed says how to install it, and raises nothing but our own error."""

import subprocess
import sys
import zipfile

import pytest

import mle_toolkit as mle

CALLS = {
    "pyarrow": [
        "mle.scan(here / 'x.parquet', 'x')",
        "mle.scan(here / 'x.csv', 'x')",
        "mle.scan(here / 'folder', 'x')",
        "mle.scan(pd.DataFrame({'x': [1.0, 2.0]}), 'x')",
        "mle.read(here / 'x.parquet', 'x')",
        "mle.read(here / 'x.arrow', 'x')",
        "mle.regress('x ~ 1', here / 'x.parquet', 'normal')",
        "mle.regress('x ~ 1', here / 'folder', 'normal')",
    ],
    "openpyxl": ["mle.read(here / 'x.xlsx', 'x')"],
    "duckdb": ["mle.read(f'duckdb:{here}/x.db', sql='select 1 as x')"],
    "fsspec": ["mle.read('s3://bucket/x.csv')"],
    "sklearn": ["__import__('mle_toolkit.sklearn')"],
    "torch": ["__import__('mle_toolkit.torch').torch.nll_loss('normal')(np.ones((2, 2)), np.ones(2))"],
}
EXTRAS = {"pyarrow": "arrow", "openpyxl": "excel", "fsspec": "remote"}

SCRIPT = """
import sys
from pathlib import Path
for name in ("pyarrow", "openpyxl", "duckdb", "fsspec", "sklearn", "torch", "numba", "dask", "polars"):
    sys.modules[name] = None  # how Python marks a module that cannot be imported
import numpy as np
import pandas as pd
import mle_toolkit as mle
here = Path(sys.argv[1])
for call in sys.argv[2:]:
    try:
        eval(call)
        print("nothing was missed by", call)
    except mle.MleError as error:
        print(error)
print(round(mle.fit([1.0, 2.0, 6.0], "exponential").params["scale"], 6))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    here = tmp_path_factory.mktemp("files")
    (here / "folder").mkdir()
    for name, head in {
        "x.parquet": b"PAR1",
        "folder/a.parquet": b"PAR1",
        "x.arrow": b"ARROW1\0\0",
        "x.xlsx": b"",
        "x.csv": b"x\n1\n2\n",
        "x.db": b"",
    }.items():
        (here / name).write_bytes(head)
    with zipfile.ZipFile(here / "x.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "")
    calls = [call for group in CALLS.values() for call in group]
    command = [sys.executable, "-c", SCRIPT, here, *calls]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert run.returncode == 0, run.stderr
    *lines, last = run.stdout.splitlines()
    assert last == "3.0"  # what needs none of them works
    return dict(zip(calls, lines, strict=True))


@pytest.mark.parametrize(("package", "call"), [(p, call) for p, calls in CALLS.items() for call in calls])
def test_what_is_missing_is_said_with_the_line_that_installs_it(said, package, call):
    assert said[call].endswith(f"pip install 'mle-toolkit[{EXTRAS.get(package, package)}]'")
    assert "needs" in said[call]


def test_it_is_an_error_of_data_and_of_import_too():
    from mle_toolkit.errors import MissingPackageError

    said = "scan needs pyarrow: pip install 'mle-toolkit[arrow]'"
    assert str(MissingPackageError("scan", "pyarrow", "arrow")) == said
    assert issubclass(MissingPackageError, (mle.MleError, ImportError))

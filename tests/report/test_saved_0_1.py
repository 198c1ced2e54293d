"""Files that version 0.1.0 wrote are read forever, and say what they said: numbers, verdicts, predictions."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mle_toolkit as mle

HERE = Path(__file__).parent / "saved_0_1"
SAID = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))


def test_every_file_is_looked_at():
    assert {path.stem for path in HERE.glob("*.json")} == {*SAID, "expected"}


@pytest.mark.parametrize("name", SAID)
def test_a_file_of_version_0_1_says_what_it_said(name):
    fit, said = mle.load(HERE / f"{name}.json"), SAID[name]
    assert (fit.family.name, fit.certificate.verdict.name) == (said["family"], said["verdict"])
    assert (fit.llf, fit.nobs) == (said["llf"], said["nobs"])
    np.testing.assert_allclose([fit.aic, fit.cross_entropy], [said["aic"], said["cross_entropy"]], rtol=1e-14)
    assert list(fit.params) == list(said["params"])
    for parameter, value in said["params"].items():
        np.testing.assert_array_equal(np.asarray(fit.params[parameter], float), value)
    if "quantile" in said:
        np.testing.assert_allclose(fit.distribution.ppf(0.9), said["quantile"], rtol=1e-9)
    if "rows" in said:
        constants = {"n": "n"} if "n" in said["rows"] else {}
        predicted = fit.predict(pd.DataFrame(said["rows"]), said["what"], **constants)
        np.testing.assert_allclose(np.asarray(predicted, float), said["predicted"], rtol=1e-9)


@pytest.mark.parametrize("name", SAID)
def test_a_file_of_version_0_1_is_written_again_with_all_that_it_held(name):
    """Nothing that a file holds is lost by reading it: a record may grow, its old part stays."""
    held = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    written = mle.load(HERE / f"{name}.json").to_dict()
    assert _kept(held, written) == held


def _kept(held, written):
    if isinstance(held, dict) and isinstance(written, dict):
        return {key: _kept(value, written[key]) for key, value in held.items() if key in written}
    return written

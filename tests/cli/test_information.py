"""``mle kl``, ``mle entropy`` and ``mle kl-sample``."""

import csv
import io
import json
import math

import pytest

from mle_toolkit import cli
from mle_toolkit.cli.ending import BAD_DATA, OK, USAGE
from mle_toolkit.information import entropy, kl_divergence

COUNTS = "word,n\na,4\nb,2\nc,3\nd,0\ne,2\nf,4\ng,0\nh,0\ni,2\nj,1\nk,1\n"
"""Counts of which the entropies are in the manual of the R package entropy."""

GAMMA, LOGNORMAL = "gamma:shape=2,scale=1", "lognormal:meanlog=0.5,sdlog=0.7"


@pytest.fixture
def run(monkeypatch, capsys):
    """Call ``mle`` in this process; returns its exit code, standard output and standard error."""

    def call(*args, stdin=""):
        monkeypatch.setattr("sys.argv", ["mle", *args])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin.encode()))))
        with pytest.raises(SystemExit) as exited:
            cli.main()
        out, err = capsys.readouterr()
        return exited.value.code, out, err

    return call


def test_divergence_of_two_laws(run):
    code, out, err = run("kl", GAMMA, LOGNORMAL)
    assert (code, err) == (OK, "")
    for name in ("KL(P ‖ Q)", "KL(Q ‖ P)", "Jensen-Shannon", "cross-entropy", "closed form", "0.0720121837"):
        assert name in out


def test_divergence_as_json_adds_up(run):
    code, out, _ = run("kl", GAMMA, LOGNORMAL, "--format", "json")
    record = json.loads(out)
    assert code == OK
    parts = record["entropy of P"]["value"] + record["KL(P ‖ Q)"]["value"]
    assert record["cross-entropy"]["value"] == pytest.approx(parts, rel=1e-15)


def test_divergence_as_csv_in_bits(run):
    bits = list(csv.DictReader(io.StringIO(run("kl", GAMMA, LOGNORMAL, "--format", "csv", "--unit", "bit")[1])))
    nats = list(csv.DictReader(io.StringIO(run("kl", GAMMA, LOGNORMAL, "--format", "csv")[1])))
    assert [row["unit"] for row in bits] == ["bit"] * len(bits)
    for ours, theirs in zip(bits, nats, strict=True):
        assert float(ours["value"]) == pytest.approx(float(theirs["value"]) / math.log(2), rel=1e-14)


def test_an_infinite_divergence_has_its_reason(run):
    code, out, _ = run("kl", "cauchy:loc=0,scale=1", "normal:mu=0,sigma=1", "--format", "json")
    record = json.loads(out)["KL(P ‖ Q)"]
    assert (code, record["value"]) == (OK, "Infinity")
    assert record["reason"] == "the expected value of x^2 is infinite under cauchy"


def test_laws_with_constants_and_of_other_laws(run):
    code, out, _ = run("kl", "binomial:n=5,p=1", "binomial:n=5,p=0.5", "--format", "csv")
    assert (code, float(next(csv.DictReader(io.StringIO(out)))["value"])) == (OK, pytest.approx(5 * math.log(2)))
    code, _, err = run("kl", "shifted(weibull):shape=2,scale=1,threshold=1", "gamma:shape=2,scale=1")
    assert (code, err) == (OK, "")


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        ("gamma", LOGNORMAL, "P: expected a law with its parameters, as in gamma:shape=2,scale=1; got 'gamma'"),
        (GAMMA, "gama:shape=1", "unknown family 'gama'; did you mean 'gamma'"),
        (GAMMA, "gamma:shape=2", "gamma: missing parameter 'scale'"),
        (GAMMA, "gamma:shape=2,scale=x", "Q: expected NAME=NUMBER, got 'scale=x'"),
        (GAMMA, "gamma:shape=-2,scale=1", "shape = -2 lies outside its domain"),
        ("von_mises:mu=0,kappa=1", "normal:mu=0,sigma=1", "one is a law on the circle"),
    ],
)
def test_errors_are_one_line(run, p, q, message):
    code, out, err = run("kl", p, q)
    assert (code, out, err.count("\n")) == (USAGE, "", 1)
    assert err.startswith("error: ")
    assert message in err


def test_entropy_of_counts(run, tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text(COUNTS)
    code, out, err = run("entropy", str(path), "-c", "n")
    assert (code, err) == (OK, "")
    assert "1.968382409" in out
    _, out, _ = run("entropy", str(path), "--method", "miller-madow", "--format", "json", "--unit", "bit")
    assert json.loads(out)["entropy"]["value"] == pytest.approx(2.15259293504417 / math.log(2), abs=1e-13)


def test_entropy_of_measurements(run):
    values = [0.31, 1.27, 0.44, 2.9, 0.83, 1.61, 0.12, 3.3]
    code, out, _ = run(
        "entropy", "-", "--method", "spacing", "--format", "json", stdin="x\n" + "\n".join(map(str, values))
    )
    assert code == OK
    assert json.loads(out)["entropy"]["value"] == pytest.approx(entropy(sample=values).value, rel=1e-14)


def test_entropy_of_what_is_no_count(run):
    code, out, err = run("entropy", "-", stdin="n\n1\n2.5\n")
    assert (code, out, err.count("\n")) == (BAD_DATA, "", 1)
    code, out, err = run("entropy", "-", "-c", "m", stdin="n\n1\n2\n")
    assert (code, out) == (USAGE, "")
    assert "column 'm' not found; numeric columns: n" in err
    code, out, err = run("entropy", "-", "--method", "guess", stdin="n\n1\n2\n")
    assert (code, out, err.count("\n")) == (USAGE, "", 1)


def test_divergence_of_two_samples(run, tmp_path):
    x, y = [0.31, 1.27, 0.44, 2.9, 0.83, 1.61, 0.12, 3.3], [0.91, 2.27, 0.74, 4.9, 1.83, 2.61, 0.52, 5.3]
    paths = []
    for name, values in (("a", x), ("b", y)):
        paths.append(tmp_path / f"{name}.csv")
        paths[-1].write_text("x,id\n" + "\n".join(f"{v},{k}" for k, v in enumerate(values)))
    code, out, _ = run("kl-sample", *map(str, paths), "-c", "x", "--format", "json")
    assert code == OK
    expected = kl_divergence(sample=(x, y), rng=0)
    assert json.loads(out)["KL(P ‖ Q)"]["value"] == pytest.approx(expected.value, rel=1e-14)

"""Files with a scheme are read as those without, or there is one error of ours."""

import gzip
import pickle
import sys

import numpy as np
import pandas as pd
import pytest

import mle_toolkit as mle
from mle_toolkit.data.far import is_far
from mle_toolkit.data.form import Form
from mle_toolkit.data.tables import read_sample
from mle_toolkit.errors import DataError

fsspec = pytest.importorskip("fsspec")

FRAME = pd.DataFrame({"mm": np.random.default_rng(5).gamma(2.0, 3.0, 200), "day": np.arange(200)})


@pytest.fixture(params=["memory://far", "file"])
def home(request, tmp_path):
    home = tmp_path.as_uri() if request.param == "file" else request.param
    for name, data in {
        "x.csv": FRAME.to_csv(index=False).encode(),
        "x.csv.gz": gzip.compress(FRAME.to_csv(index=False).encode()),
        "x.parquet": FRAME.to_parquet(),
        "empty.csv": b"",
        "cut.parquet": FRAME.to_parquet()[:-9],
    }.items():
        with fsspec.open(f"{home}/{name}", "wb") as file:
            file.write(data)
    return home


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.parquet"])
def test_a_file_elsewhere_is_that_file(home, name):
    pd.testing.assert_frame_equal(mle.read(f"{home}/{name}"), FRAME, check_dtype=False)
    assert mle.fit(read_sample(f"{home}/{name}", Form(column="mm"))[1], "gamma").llf == pytest.approx(
        mle.fit(FRAME["mm"], "gamma").llf, rel=1e-12
    )


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.parquet"])
def test_it_is_scanned_too_and_travels(home, name, monkeypatch):
    monkeypatch.setattr("mle_toolkit.data.scanned.IN_MEMORY_ROWS", 100)
    scan = mle.scan(f"{home}/{name}", "mm")
    assert mle.fit(pickle.loads(pickle.dumps(scan)), "weibull").llf == pytest.approx(
        mle.fit(FRAME["mm"], "weibull").llf, rel=1e-10
    )
    line = mle.regress("mm ~ day", f"{home}/{name}", "normal")
    assert line.llf == pytest.approx(mle.regress("mm ~ day", FRAME, "normal").llf, rel=1e-10)


def test_a_scan_of_what_is_not_there_or_not_known_says_so(home):
    with pytest.raises(FileNotFoundError) as caught:
        mle.scan(f"{home}/none.parquet")
    assert caught.value.filename == f"{home}/none.parquet"
    with pytest.raises(mle.MleError, match=f"{home}/x.npy: of files elsewhere"):
        mle.scan(f"{home}/x.npy")
    with pytest.raises(mle.MleError, match=f"{home}/cut.parquet: cannot be read"):
        mle.scan(f"{home}/cut.parquet")


@pytest.mark.parametrize("name", ["empty.csv", "cut.parquet"])
def test_one_that_is_damaged_is_named(home, name):
    with pytest.raises(mle.MleError, match=f"{home}/{name}"):
        mle.read(f"{home}/{name}")


def test_one_that_is_not_there_is_named_whole(home):
    with pytest.raises(FileNotFoundError) as caught:
        mle.read(f"{home}/none.csv")
    assert caught.value.filename == f"{home}/none.csv"


def test_what_is_missing_or_unknown_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "paramiko", None)
    with pytest.raises(mle.MleError, match=r"sftp://h/x.csv: reading sftp:// needs paramiko: pip install paramiko$"):
        mle.read("sftp://h/x.csv")
    with pytest.raises(mle.MleError, match=r"nope://h/x.csv: cannot be read: Protocol not known: nope"):
        mle.read("nope://h/x.csv")


def test_errors_of_a_file_system_are_ours(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("the token has expired")

    from fsspec.implementations.memory import MemoryFileSystem

    monkeypatch.setattr(MemoryFileSystem, "_open", fail)
    with pytest.raises(mle.MleError, match=r"memory://far/x.csv: cannot be read: the token has expired"):
        mle.read("memory://far/x.csv")


def test_what_is_a_scheme():
    assert all(map(is_far, ["s3://b/x.csv", "simplecache::s3://b/x", "file:///x.csv"]))
    assert not any(map(is_far, ["x.csv", "c:\\x.csv", "c://x.csv", "duckdb:x.db", "-", "@nile", "a/b://c", "://x"]))


def test_a_bucket_is_asked_as_s3_is(monkeypatch):
    """Over the wire, of a server of this machine: where s3fs and moto[server] are installed, which no extra needs."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    pytest.importorskip("s3fs")
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        files = fsspec.filesystem("s3", skip_instance_cache=True)
        files.mkdir("bucket")
        files.pipe({"bucket/x.csv": FRAME.to_csv(index=False).encode(), "bucket/x.parquet": FRAME.to_parquet()})
        for name in ("x.csv", "x.parquet"):
            pd.testing.assert_frame_equal(mle.read(f"s3://bucket/{name}"), FRAME)
            assert mle.fit(mle.scan(f"s3://bucket/{name}", "mm"), "gamma").nobs == len(FRAME)
        with pytest.raises(FileNotFoundError, match="s3://bucket/none"):
            mle.read("s3://bucket/none.csv")
    finally:
        server.stop()
    with pytest.raises(DataError, match="cannot be read"):
        mle.read("s3://bucket/other.csv")

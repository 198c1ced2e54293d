"""Sums by partition are the same wherever the partitions are, also where a machine is lost on the way."""

import os
import pickle
import signal
import threading
import time
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import mle_toolkit as mle
from mle_toolkit.data import partitions
from mle_toolkit.data.partitions import PartitionedSample
from mle_toolkit.data.pieces import IN_MEMORY_ROWS
from mle_toolkit.errors import DataError, ParameterError, SupportError, UnknownNameError, WeightError
from mle_toolkit.numerics.progress import listening

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

N = 400_000
X = np.random.default_rng(20_240_101).gamma(2.0, 1.5, N)
CUTS = (0, 130_000, 271_828, N)
PIECES = [X[first:last] for first, last in pairwise(CUTS)]


@pytest.fixture
def array():
    return da.concatenate([da.from_array(piece, chunks=-1) for piece in PIECES])


@pytest.mark.parametrize("family", ["gamma", "normal", "lognormal", "uniform", "logistic", "weibull"])
def test_dask_gives_the_bits_of_the_same_partitions_here(array, family):
    fit, expected = mle.fit(array, family), mle.fit(PartitionedSample(PIECES), family)
    assert not fit.sample.in_memory
    assert fit.params == expected.params
    assert fit.llf == expected.llf
    assert list(fit.bse.values()) == pytest.approx(list(expected.bse.values()), rel=0, abs=0, nan_ok=True)
    in_memory = mle.fit(X, family)
    assert fit.llf == pytest.approx(in_memory.llf, rel=1e-13)
    assert list(fit.params.values()) == pytest.approx(list(in_memory.params.values()), rel=1e-7)


def test_columns_of_tables_have_weights_beside_them():
    frame = pd.DataFrame({"x": X, "w": np.random.default_rng(8).integers(0, 3, N)})
    table = dd.from_pandas(frame, npartitions=5)
    fit, expected = mle.fit(table["x"], "gamma", weights=table["w"]), mle.fit(frame["x"], "gamma", weights=frame["w"])
    assert fit.nobs == frame["w"].sum()
    assert list(fit.params.values()) == pytest.approx(list(expected.params.values()), rel=1e-12)


def test_counts_are_a_table_after_one_pass():
    counts = np.random.default_rng(7).poisson(3.0, N)
    fit, expected = mle.fit(da.from_array(counts, chunks=90_000), "poisson"), mle.fit(counts, "poisson")
    assert fit.params == expected.params
    assert fit.kl.value == pytest.approx(expected.kl.value, abs=1e-12)


def test_few_rows_are_held():
    few = X[:1_000]
    fit, expected = mle.fit(da.from_array(few, chunks=300), "gamma"), mle.fit(few, "gamma")
    assert fit.sample.in_memory
    assert fit.params == expected.params
    assert fit.kl.value == expected.kl.value
    assert len(few) < IN_MEMORY_ROWS


def test_a_partition_may_be_empty():
    table = dd.from_pandas(pd.DataFrame({"x": X}), npartitions=4)
    positive = table["x"][table.index >= N // 2]
    assert mle.fit(positive, "gamma").nobs == N - N // 2
    fit = mle.fit(PartitionedSample([[], *PIECES, []]), "gamma")
    assert fit.params == mle.fit(PartitionedSample(PIECES), "gamma").params


def test_blocks_are_fetched_partition_by_partition(array):
    sample = mle.Sample.of(array)
    assert sample.n_rows == N
    np.testing.assert_array_equal(np.concatenate([x for x, _ in sample.blocks()]), X)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (lambda: da.ones((4, 2)), "expected one column, got a Dask Array of 2 dimensions"),
        (lambda: dd.from_pandas(pd.DataFrame({"a": [1.0], "b": [2.0]}), npartitions=1), "with columns a, b"),
        (
            lambda: da.from_array(np.where(np.arange(N) == 271_900, np.nan, X), chunks=100_000),
            r"partition 2 .* row 71900",
        ),
        (lambda: da.from_array(np.array(["wet", "dry"])), "partition 0 of .*expected real numbers"),
    ],
)
def test_what_is_no_column_is_refused(data, problem):
    with pytest.raises(DataError, match=problem):
        mle.fit(data(), "gamma")


def test_an_observation_outside_the_support_is_named_with_its_row(array):
    with pytest.raises(SupportError, match=rf"1 of {N} observations .* first is x\[271828\] = -1"):
        mle.fit(da.where(da.arange(N, chunks=array.chunks) == 271_828, -1.0, array), "gamma")


def test_weights_have_the_partitions_of_the_data(array):
    with pytest.raises(WeightError, match="1 partitions for 3"):
        mle.fit(array, "gamma", weights=da.ones(N, chunks=-1))
    with pytest.raises(DataError, match="weights: expected a Dask array"):
        mle.fit(array, "gamma", weights=np.ones(N))


def test_partitions_that_change_are_refused():
    """A source without a seed gives other data whenever it is computed."""
    import dask

    drawn = dask.delayed(lambda: np.random.default_rng().gamma(2.0, 1.5, IN_MEMORY_ROWS + 1), pure=False)()
    data = da.from_delayed(drawn, (IN_MEMORY_ROWS + 1,), float)
    with pytest.raises(DataError, match=r"partition 0 .* when it was computed again .*persist"):
        mle.fit(data, "logistic")


# --- groups -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(3)
    keys = {"station": rng.choice(["a", "b", "c", None], 9_000), "month": rng.integers(0, 12, 9_000)}
    return pd.DataFrame({**keys, "mm": rng.gamma(2.0, 1.5, 9_000), "w": rng.integers(0, 3, 9_000)})


def _with_none(table):
    """A table with None for missing keys, which older pandas have as NA where they come from Arrow."""
    if "station" not in table:
        return table
    keys = table["station"].astype(object)
    return table.assign(station=keys.where(keys.notna(), None))


@pytest.mark.parametrize("by", ["month", ["station", "month"]])
@pytest.mark.parametrize("family", ["gamma", ["gamma", "weibull"]])
def test_groups_that_straddle_partitions_are_brought_together(frame, by, family):
    fits = mle.fit_groups(dd.from_pandas(frame, npartitions=5), by, "mm", family, weights="w")
    expected = mle.fit_groups(frame, by, "mm", family, weights="w").table
    pd.testing.assert_frame_equal(_with_none(fits.table), _with_none(expected), check_dtype=False, rtol=1e-8)
    again = mle.fit_groups(dd.from_pandas(frame, npartitions=5), by, "mm", family, weights="w").table
    pd.testing.assert_frame_equal(fits.table, again, check_exact=True)


def test_censored_rows_of_partitions_are_fitted_by_group(frame):
    seen = frame.assign(event=(frame["mm"] < 5).astype(int), mm=frame["mm"].clip(upper=5.0))[:3_000]
    how = {"by": "station", "column": "right_censored(mm, event)", "family": "weibull", "weights": "w"}
    fits = mle.fit_groups(dd.from_pandas(seen, npartitions=3), **how)
    expected = mle.fit_groups(seen, **how).table
    pd.testing.assert_frame_equal(_with_none(fits.table), _with_none(expected), check_dtype=False, rtol=1e-8)


def test_groups_elsewhere_have_no_rows_here(frame):
    table = dd.from_pandas(frame, npartitions=2)
    with pytest.raises(DataError, match="are not kept"):
        mle.fit_groups(table, "month", "mm", "gamma").of(3)
    with pytest.raises(UnknownNameError, match="column 'year' not found; columns: station, month, mm, w"):
        mle.fit_groups(table, "year", "mm", "gamma")
    with pytest.raises(DataError, match="expected a table with columns, got a Dask Array"):
        mle.fit_groups(da.ones(3), "month", "mm", "gamma")
    with pytest.raises(ParameterError, match="not known before all rows are"):
        mle.fit_groups(table, "station", "month", "categorical")


# --- a cluster of two processes ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed")
    with (  # any port, for two clusters at once; with None the scheduler still asks for the one that Dask is known by
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.mark.parametrize("persisted", [False, True])
def test_a_worker_killed_in_mid_fit_changes_nothing(client, monkeypatch, persisted):
    """Its partitions are made again on the other, be they on their way or kept from an earlier pass."""
    import dask

    def made(first, last):  # here, so that it goes to the workers by value: they may not know where the tests are
        """A partition that takes a while to make."""
        time.sleep(0.1)
        return np.random.default_rng(first).gamma(2.0, 1.5, last - first)

    spans = list(pairwise(range(0, N + 1, 50_000)))
    task = dask.delayed(made, pure=True)
    data = da.concatenate([da.from_delayed(task(*span), (span[1] - span[0],), float) for span in spans])
    if persisted:
        data = data.persist()
    passes, killed = [], []

    def killing(job, parts):
        """Do the job; the third time, kill a worker, if partitions have to be made first while that is under way."""
        passes.append(job)
        if len(passes) == 3:
            killed.append(next(iter(client.run(os.getpid).values())))
            kill = threading.Timer(0.15, os.kill, (killed[0], signal.SIGKILL))
            kill.start()
            if persisted:
                kill.join()
        return run(job, parts)

    run = partitions.with_dask
    monkeypatch.setattr(partitions, "with_dask", killing)
    fit = mle.fit(data, "logistic")
    assert len(passes) > 3
    assert killed[0] not in client.run(os.getpid).values()
    expected = mle.fit(PartitionedSample([made(*span) for span in spans]), "logistic")
    assert fit.params == expected.params
    assert fit.llf == expected.llf
    assert fit.bse == expected.bse


def test_replicates_are_the_same_on_the_workers_of_a_cluster(client):
    """Refits of censored data, one by one, through joblib's Dask backend."""
    import joblib

    rng = np.random.default_rng(3)
    fit = mle.fit(mle.Sample.right_censored(rng.weibull(1.5, 60), rng.uniform(size=60) < 0.8), "weibull")
    here = fit.bootstrap(60, rng=0, workers=1)
    with joblib.parallel_config(backend="dask"):
        there = fit.bootstrap(60, rng=0, workers=2)
    assert np.array_equal(here.replicates, there.replicates)


def test_dashboards_and_progress_bars_say_what_is_done(client, frame):
    heard = []
    table = dd.from_pandas(frame, npartitions=3)
    with listening(lambda what, done, total: heard.append((what, done, total))):
        mle.fit(table["mm"], "gamma")
        mle.fit_groups(table, "month", "mm", "exponential")
        mle.regress("mm ~ month", table, "gamma")
    prefixes = client.run_on_scheduler(lambda dask_scheduler: set(dask_scheduler.task_prefixes))
    assert {"mle-first-pass", "mle-rows", "mle-fit-groups", "mle-regress"} <= prefixes
    assert [heard.count((f"Dask: {what}", 3, 3)) > 0 for what in ("rows", "fit groups", "regress")] == [True] * 3


def test_without_a_cluster_partitions_are_counted_too(array):
    import dask

    heard = []
    with listening(lambda *told: heard.append(told)), dask.config.set(scheduler="threads"):
        mle.fit(array, "weibull")
    assert [("Dask: sums", done, 3) in heard for done in range(4)] == [True] * 4


def deadly(last):
    """A partition that is too much for any worker."""
    os._exit(last)


def test_a_partition_that_no_worker_survives_is_named_in_an_error(client):
    import dask

    client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 0))
    data = da.from_delayed(dask.delayed(deadly)(1), (3,), float)
    with pytest.raises(DataError, match="gave up a partition after workers were lost"):
        mle.fit(data, "gamma")


def test_an_engine_of_ones_own_reads_where_the_rows_lie(tmp_path):
    files = [tmp_path / f"{k}.npy" for k in range(len(PIECES))]
    for file, piece in zip(files, PIECES, strict=True):
        np.save(file, piece)

    def run(job, partitions):
        jobs = pickle.loads(pickle.dumps([(job, partition) for partition in partitions]))
        return pickle.loads(pickle.dumps([job.of(partition) for job, partition in reversed(jobs)][::-1]))

    spread = mle.PartitionedSample(
        [partial(np.load, file) for file in files], [partial(np.load, file) for file in files], run=run
    )
    expected = mle.fit(PartitionedSample(PIECES, PIECES), "weibull")
    assert mle.fit(spread, "weibull").llf == expected.llf


def test_a_scan_travels_without_its_rows(tmp_path):
    np.save(tmp_path / "x.npy", np.resize(PIECES[1], IN_MEMORY_ROWS + 1))
    scan = mle.scan(tmp_path / "x.npy")
    sent = pickle.dumps(scan)
    assert len(sent) < 2_000
    assert mle.Sums.of(pickle.loads(sent), "gamma").to_dict() == mle.Sums.of(scan, "gamma").to_dict()


def test_functions_that_use_the_package_travel():
    cloudpickle = pytest.importorskip("cloudpickle")
    sent = cloudpickle.dumps(lambda x: mle.fit(x, "exponential").params["scale"])
    assert pickle.loads(sent)([1.0, 2.0, 6.0]) == 3.0
    assert pickle.loads(pickle.dumps(mle)) is mle


@pytest.mark.parametrize("law", ["gamma", "weibull"])
def test_a_fit_of_rows_that_are_not_held_travels(law):
    fit = mle.fit(PartitionedSample(PIECES), law)
    back = pickle.loads(pickle.dumps(fit))
    assert (back.llf, back.params) == (fit.llf, fit.params)
    name = next(iter(fit.params))
    assert back.conf_int(method="profile").loc[name].tolist() == fit.conf_int(method="profile").loc[name].tolist()

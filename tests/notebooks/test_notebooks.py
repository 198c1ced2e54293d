"""Notebooks run, and show tables and pictures: in CI, where nbconvert is installed."""

from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="notebooks are run in CI: pip install 'mle-toolkit[docs]'")
preprocessors = pytest.importorskip("nbconvert.preprocessors")
pytest.importorskip("ipykernel")

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")  # of the kernel's client
@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.ipynb")))
def test_every_cell_runs_and_shows_what_it_names(name):
    notebook = nbformat.read(FOLDER / name, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "notebooks are kept without outputs"
    preprocessors.ExecutePreprocessor(timeout=120).preprocess(notebook, {"metadata": {"path": str(FOLDER)}})
    shown = [
        set().union(*(output.get("data", {}) for output in cell.outputs))
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    assert all(kinds & {"text/html", "image/png"} for kinds in shown)
    pictures = [kinds for cell, kinds in zip(code_cells(notebook), shown, strict=True) if "plot" in cell.source]
    assert pictures
    assert all("image/png" in kinds for kinds in pictures)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]

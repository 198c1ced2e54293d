"""Field cases: data of practitioners on which this project was once wrong, slow or silent; see field/README.md."""

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent / "field"


@cache
def cases() -> dict[str, dict[str, Any]]:
    """All cases by id: source, data, how to call, right, got, verdict, rtol."""
    return {case["id"]: case for case in json.loads((HERE / "cases.json").read_text())}


def right(name: str) -> Any:
    """The right values of a case."""
    return cases()[name]["right"]


@cache
def columns(file: str) -> dict[str, np.ndarray]:
    """Columns of a data file by name: numbers where all are numbers, with NaN for empty cells, else words."""
    with (HERE / "data" / file).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {name: _column([row[name] for row in rows]) for name in rows[0]}


def _column(cells: list[str]) -> np.ndarray:
    try:
        return np.array([float(cell) if cell else np.nan for cell in cells])
    except ValueError:
        return np.array(cells)

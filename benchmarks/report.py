"""Write the results page of the documentation, a table and a plot for each benchmark, from the JSON of a run.

    python benchmarks/report.py [RESULTS] [--docs DIR] [--update]

RESULTS is the folder that `run_all.py` wrote (default `benchmarks/results`). What stands in `explanation/benchmarks.md`
between ``<!-- generated -->`` and ``<!-- end -->`` is replaced; the plots go to `benchmarks/`, beside `explanation/`.
With `--update` the sections of runs that are not in RESULTS stay as they are, and a new one names its machine if that
is another.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from _common import columns_of, shown
from run_all import RUNS

HERE = Path(__file__).parent
BEGIN, END = "<!-- generated -->\n", "<!-- end -->"

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442", "#000000")
"""Okabe and Ito's, which the colour-blind tell apart."""

MARKERS = "os^DvPX*"


def section(name: str, record: dict[str, Any], image: str | None, first: bool) -> str:
    """Give the section of one run: what is asked (of the first run of a script), the plot, the table, the notes."""
    parts = [f"### {name}"]
    if first:
        parts.append(f"**{record['title']}.** " + " ".join(record["about"]))
    options = ", ".join(f"`{key}={_option(value)}`" for key, value in record["arguments"].items())
    where = record["machine"]
    parts.append(f"Run on {where['date']}; load average at its end {where['load']}; {options or 'no options'}.")
    if image:
        parts.append(f"![{name}]({image})")
    summaries = record.get("summaries", {})  # older results have none
    parts += [f"**{title}**\n\n{table(lines)}" for title, lines in summaries.items()]
    if summaries:
        parts.append(f"<details><summary>All rows</summary>\n\n{table(record['rows'])}\n\n</details>")
    elif record["rows"]:
        parts.append(table(record["rows"]))
    if record["notes"]:
        parts.append("\n".join(f"- {note}" for note in record["notes"]))
    return "\n\n".join(parts)


def table(rows: list[dict[str, Any]]) -> str:
    """Rows in Markdown; numbers to the right."""
    names = columns_of(rows)
    head = "| " + " | ".join(name.replace("_", " ") for name in names) + " |"
    rule = "|" + "|".join("---:" if _numeric(rows, name) else "---" for name in names) + "|"
    return "\n".join([head, rule, *("| " + " | ".join(_cell(row.get(name)) for name in names) + " |" for row in rows)])


def _option(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _cell(value: Any) -> str:
    return shown(value).replace("|", "\\|").replace("\n", " ")


def _numeric(rows: list[dict[str, Any]], name: str) -> bool:
    return any(isinstance(row.get(name), (int, float, list)) for row in rows)


def machines(records: dict[str, dict[str, Any]]) -> str:
    """Say on which machine, with which versions; one line where all results share it."""
    said = []
    for record in records.values():
        where = record["machine"]
        versions = ", ".join(f"{package} {version}" for package, version in where["versions"].items())
        said.append(
            f"{where['processor']}, {where['cores']} cores, {where['memory_gib']} GiB, {where['system']}; "
            f"Python {where['python']}, {versions}."
        )
    return "\n\n".join(dict.fromkeys(said))


# --- plots ------------------------------------------------------------------------------------------------------------


def draw(record: dict[str, Any], path: Path) -> bool:
    """Draw what the benchmark says how to; False where there is nothing to draw."""
    plot = record["plot"]
    rows = [row for row in record["rows"] if plot and _drawable(row.get(plot["y"]))]
    if not rows:
        return False
    import matplotlib as mpl

    # Text stays text, and names inside the file do not change from run to run: small files, small differences.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "mle", "font.size": 9})
    from matplotlib.figure import Figure

    series: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        series.setdefault(", ".join(_tag(key, row[key]) for key in plot["by"]), []).append(row)
    labels = list(dict.fromkeys(str(row[plot["x"]]) for row in rows))
    tall = 1.2 + 0.22 * len(labels) if plot["kind"] == "dots" else 4.0
    figure = Figure(figsize=(7.0, max(2.0, tall)), layout="constrained")
    ax = figure.subplots()
    for k, (tag, own) in enumerate(series.items()):
        style = {"color": COLOURS[k % len(COLOURS)], "label": tag, "marker": MARKERS[k // len(COLOURS) % len(MARKERS)]}
        y = [row[plot["y"]] for row in own]
        if plot["kind"] == "dots":
            ax.plot(y, [labels.index(str(row[plot["x"]])) for row in own], linestyle="", markersize=5, mew=0, **style)
        else:
            ax.plot([row[plot["x"]] for row in own], y, markersize=4, linewidth=1.2, **style)
    if plot["kind"] == "dots":
        ax.set_xscale("log")
        ax.set_xlabel(plot["label"])
        ax.set_yticks(range(len(labels)), labels)
        ax.invert_yaxis()
        if plot["guide"] is not None:
            ax.axvline(plot["guide"], color="0.5", linewidth=0.8)
    else:
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlabel(plot["x"])
        ax.set_ylabel(plot["label"])
        if plot["guide"] is not None:
            ax.axhline(plot["guide"], color="0.5", linewidth=0.8)
    ax.grid(True, color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    if any(series):
        figure.legend(loc="outside upper left", ncols=min(4, len(series)), frameon=False, fontsize=8)
    figure.savefig(path, format="svg", metadata={"Date": None})
    path.write_text(_smaller(path.read_text(encoding="utf-8")), encoding="utf-8")
    return True


def _smaller(svg: str) -> str:
    """Coordinates to a hundredth of a point, and no indentation: the same picture in fewer bytes."""
    rounded = re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), svg)
    return re.sub(r"\n\s+", "\n", rounded)


def _drawable(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0 < value < float("inf")


def _tag(key: str, value: Any) -> str:
    return f"{key} = {shown(value)}" if isinstance(value, (int, float)) else str(value)


def main() -> int:
    """Rewrite the generated part of the page, and the plots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="?", default=HERE / "results")
    parser.add_argument("--docs", type=Path, default=HERE.parent / "docs", help="folder of the documentation")
    parser.add_argument("--update", action="store_true", help="keep the sections of runs without results")
    arguments = parser.parse_args()

    found = {name: arguments.results / f"{name}.json" for name, run in RUNS.items() if not run.own_page}
    records = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in found.items() if path.exists()}
    if not records:
        parser.error(f"no results in {arguments.results}; run benchmarks/run_all.py first")
    images = arguments.docs / "benchmarks"
    images.mkdir(parents=True, exist_ok=True)
    page = arguments.docs / "explanation" / "benchmarks.md"
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    generated, after = rest.split(END)
    head, *kept = re.split(r"^(?=### )", generated, flags=re.MULTILINE)
    head = head.strip() if arguments.update else machines(records)
    old = {part.split(maxsplit=2)[1]: part.strip() for part in kept} if arguments.update else {}
    sections = [head]
    shown_scripts = set()
    for name in (name for name in RUNS if name in records or name in old):
        if name in records:
            record = records[name]
            drawn = draw(record, images / f"{name}.svg")
            image = f"../benchmarks/{name}.svg" if drawn else None
            text = section(name, record, image, RUNS[name].script not in shown_scripts)
            where = machines({name: record})
            sections.append(text if where in head else f"{text}\n\nMachine: {where}")
        else:
            sections.append(old[name])
        shown_scripts.add(RUNS[name].script)
    page.write_text(before + BEGIN + "\n\n".join(sections) + "\n" + END + after, encoding="utf-8")
    print(f"{page}: {', '.join(records)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

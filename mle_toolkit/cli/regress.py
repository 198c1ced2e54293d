"""``mle regress``: fit a law whose parameters depend on covariates."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mle_toolkit.cli.ending import NOT_CERTIFIED
from mle_toolkit.cli.options import (
    LAW,
    AsPage,
    Debug,
    FileOptions,
    InUnit,
    OnMissing,
    Output,
    PageFormat,
    Plot,
    SearchOptions,
    Unit,
    WeightsAre,
    integer_if_whole,
    name_and_value,
    spread,
)
from mle_toolkit.cli.writing import form_of, opened, write_csv, write_json, write_page, write_picture, write_table
from mle_toolkit.errors import ParameterError

if TYPE_CHECKING:
    from mle_toolkit.regression import RegressionFit


class Predicted(StrEnum):
    """What is predicted of new rows."""

    mean = "mean"
    params = "params"
    interval = "interval"
    linear = "linear"


@spread
def command(
    words: Annotated[
        list[str],
        typer.Argument(
            help="CSV or Parquet file, - for standard input, @NAME for a data set; then the formula, "
            "'y ~ x1 + C(group)', whose left side may be right_censored(time, event), intervals(lower, upper), ...",
            metavar="DATA FORMULA",
        ),
    ],
    family: Annotated[str, typer.Option("--family", "-d", help=LAW, metavar="LAW")],
    file: FileOptions,
    search: SearchOptions,
    of: Annotated[
        list[str] | None,
        typer.Option(
            "--of",
            help="Formula of another parameter, or a known constant or its column; --NAME VALUE is the same.",
            metavar="NAME=FORMULA",
        ),
    ] = None,
    link: Annotated[
        list[str] | None, typer.Option("--link", help="Link of a parameter: p=probit.", metavar="NAME=LINK")
    ] = None,
    exposure: Annotated[
        str | None, typer.Option("--exposure", help="How much was watched, for the log link.", metavar="NAME")
    ] = None,
    offset: Annotated[
        str | None, typer.Option("--offset", help="Added to the predictor as it is.", metavar="NAME")
    ] = None,
    weights: Annotated[str | None, typer.Option("--weights", help="Weights.", metavar="NAME")] = None,
    weight_kind: Annotated[WeightsAre, typer.Option("--weight-kind", help="What the weights mean.")] = (
        WeightsAre.frequency
    ),
    nan_policy: Annotated[OnMissing, typer.Option("--nan-policy", help="What to do with missing values.")] = (
        OnMissing.refuse
    ),
    predict: Annotated[
        str | None,
        typer.Option("--predict", help="New rows, in a file as DATA: write what the fit says of them.", metavar="FILE"),
    ] = None,
    what: Annotated[
        Predicted, typer.Option("--what", help="Of new rows: the mean, the parameters, a 95 % prediction interval, ...")
    ] = Predicted.mean,
    unit: Unit = InUnit.nat,
    form: AsPage = PageFormat.table,
    output: Output = None,
    plot: Plot = None,
    debug: Debug = False,
) -> None:
    """Fit a law whose parameters depend on covariates.

    mle regress data.csv "loss ~ age + C(region)" -d gamma --shape "~ age"

    mle regress data.csv "claims ~ age" -d poisson --exposure years --predict new.csv
    """
    from mle_toolkit.data.formula_text import learns, read
    from mle_toolkit.data.responses import read_left
    from mle_toolkit.data.tables import in_blocks, read_frame
    from mle_toolkit.regression import regress

    (data, formula), others = _words(words)
    others |= dict(name_and_value(text, "--of") for text in of or ())
    _check_names(family, others)
    left, tilde, right = formula.partition("~")
    if not tilde:
        raise ParameterError(f"formula {formula!r}: expected 'y ~ x1 + x2', with one ~")
    numbers = {name: _number_or_none(text) for name, text in others.items()}
    rights = [right, *(text.replace("~", "", 1) for text in others.values() if "~" in text)]
    constants = {n: text if numbers[n] is None else numbers[n] for n, text in others.items() if "~" not in text}
    of_rows = [*(name for name in (exposure, offset) if name), *(c for c in constants.values() if isinstance(c, str))]
    wanted = [name for text in rights for factor in read(text)[1].values() for name in factor.columns] + of_rows
    response = read_left(formula, left)
    all_rows = response.form is not None or any(learns(text) for text in rights)
    frame: Any = Path(data)
    if all_rows or not in_blocks(data, file.reading):
        frame = read_frame(data, [*response.columns, *wanted, *([weights] if weights else [])], file.reading)
    own: dict[str, Any] = search.keywords | {
        "weights": weights,
        "weight_kind": weight_kind.value,
        "offset": offset,
        "exposure": exposure,
        "links": dict(name_and_value(text, "--link") for text in link or ()) or None,
        "nan_policy": nan_policy.value,
    }
    clash = next((name for name in others if name in (*own, "rng")), None)
    if clash is not None:
        raise typer.BadParameter(f"--{clash} is no parameter of a law")
    own |= constants | {name: text for name, text in others.items() if "~" in text}
    result = regress(formula, frame, family, **own)
    form = form_of(form, output)
    if predict is not None:
        new = read_frame(predict, wanted, file.reading)
        given: dict[str, Any] = {name: text for name, text in constants.items() if isinstance(text, str)}
        given |= {name: text for name, text in (("exposure", exposure), ("offset", offset)) if text is not None}
        found = result.predict(new, what.value, se=what is not Predicted.interval, **given)
        _write_predictions(found, form, output)
    else:
        source = "standard input" if data == "-" else Path(data).name
        _write_regression(result, f"{formula} of {source}, n = {result.nobs:g}", unit, form, output)
    if plot is not None:
        write_picture(result.plot(rng=0), plot)
    if not result.certificate.ok:
        raise typer.Exit(NOT_CERTIFIED)


def _words(words: Sequence[str]) -> tuple[tuple[str, str], dict[str, str]]:
    """Data and formula, and the options that are named after parameters of the law, of what typer does not know."""
    places: list[str] = []
    others: dict[str, str] = {}
    left = iter(words)
    for word in left:
        if not word.startswith("-") or word == "-":
            places.append(word)
            continue
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not name.isidentifier():
            raise typer.BadParameter(f"no such option: {word}")
        if not equals:
            value = next(left, "")
        if not value or value.startswith("--"):
            raise typer.BadParameter(f"option {word}: expected a formula, '~ x1', a number or a column")
        others[name] = value
    if len(places) != 2:
        raise typer.BadParameter(
            f"expected DATA and FORMULA, got {len(places)} words{': ' if places else ''}{', '.join(places)}"
        )
    return (places[0], places[1]), others


def _check_names(family: str, names: Iterable[str]) -> None:
    """Refuse what is no parameter of the law: most often it is an option that is misspelt."""
    from mle_toolkit.options import suggested
    from mle_toolkit.regression.laws import is_constant, parameters_of

    known = parameters_of(family)
    options = _own_options()
    for name in names:
        if known is None or name in known or name in options or is_constant(family, name):
            continue
        near = suggested(name, [*known, *options], 1)
        hint = f"; did you mean --{near[0]}?" if near else ""
        raise typer.BadParameter(
            f"{family} has no parameter {name!r}, and there is no such option; its parameters: {', '.join(known)}{hint}"
        )


def _own_options() -> list[str]:
    """Options of the command, without their hyphens."""
    about = (p.annotation.__metadata__[0] for p in inspect.signature(command).parameters.values())
    words = (word for option in about for word in (option.default, *(option.param_decls or ())))
    return [word.removeprefix("--") for word in words if isinstance(word, str) and word.startswith("--")]


def _number_or_none(text: str) -> float | None:
    try:
        return integer_if_whole(float(text))
    except ValueError:
        return None


def _write_regression(result: RegressionFit, title: str, unit: InUnit, form: PageFormat, output: Path | None) -> None:
    from mle_toolkit.report.content import coefficient_rows, regression_content
    from mle_toolkit.report.terminal import regression_view

    if form is PageFormat.json:
        write_json(result.to_dict() | {"information": result.information(unit.value).to_dict()}, output)
    elif form is PageFormat.csv:
        columns = ("parameter", "term", "estimate", "std_error", "lower", "upper")
        write_csv(columns, coefficient_rows(regression_content(result)), output)
    elif form is PageFormat.html:
        write_page(result, output, title.partition(",")[0])
    else:
        write_table(regression_view(result, title, unit.value), output)


def _write_predictions(found: Any, form: PageFormat, output: Path | None) -> None:
    """One row a new row: a Series, or a frame, of pandas or Arrow."""
    import narwhals as nw

    frame = nw.from_native(found, eager_only=True, allow_series=True)
    frame = frame.to_frame() if isinstance(frame, nw.Series) else frame
    columns = {name: frame.get_column(name).to_list() for name in frame.columns}
    rows = list(zip(*columns.values(), strict=True))
    if form is PageFormat.json:
        write_json([dict(zip(columns, row, strict=True)) for row in rows], output)
    elif form is PageFormat.csv:
        write_csv(tuple(columns), rows, output)
    elif form is PageFormat.html:
        with opened(output) as stream:
            stream.write(frame.to_pandas().to_html(index=False) + "\n")
    else:
        from mle_toolkit.report.terminal import number, table

        write_table(table(tuple(columns), [[number(cell, 8) for cell in row] for row in rows]), output)

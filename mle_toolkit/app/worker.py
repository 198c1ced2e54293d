"""The process of one tab: it reads questions, a line of JSON each, and writes answers and progress, a line each.

Started by `mle_toolkit.app.bench` as ``python -m mle_toolkit.app.worker``; it ends when its input does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from mle_toolkit.app.controls import in_words_of_the_page, place_of
from mle_toolkit.app.desk import Desk
from mle_toolkit.errors import MleError
from mle_toolkit.report.record import jsonable


def main() -> None:
    """Answer questions until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, whose end is the end of our input
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer

    def tell(kind: str, **facts: Any) -> None:
        answers.write(json.dumps(jsonable({"kind": kind, **facts}), allow_nan=False) + "\n")
        answers.flush()

    import matplotlib.figure  # noqa: F401 - drawing begins at once, when it is asked for

    desk = Desk()
    for line in sys.stdin.buffer:
        question = json.loads(line)
        answer(desk, question, tell)


def answer(desk: Desk, question: Mapping[str, Any], tell: Callable[..., None]) -> None:
    """Answer one question: what was found, or what is wrong and beside which control; then that it is done."""
    verb, said = str(question["verb"]), question["said"]
    source, name = str(said.get("source") or "?"), str(said.get("name") or "?")
    tell = _by_name(tell, source, name)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", UserWarning)
        try:
            desk.answer(verb, said, tell)
        except MleError as error:
            tell("problem", verb=verb, text=in_words_of_the_page(str(error)), place=place_of(error, verb, said))
        except MemoryError:
            tell("problem", verb=verb, text="There is not enough memory for this. Take fewer rows.", place="")
        except OSError as error:
            tell("problem", verb=verb, text=f"The file cannot be read: {error.strerror or error}.", place="source")
        except Exception as error:  # a fault of ours must not end the tab
            traceback.print_exc()
            text = f"A fault of mle_toolkit, which stands on the terminal: {type(error).__name__}: {error}"
            tell("problem", verb=verb, text=text, place="")
    said_of = [in_words_of_the_page(" ".join(str(warning.message).split())) for warning in heard]
    tell("done", verb=verb, warnings=[text.replace(source, name) for text in dict.fromkeys(said_of)])


def _by_name(tell: Callable[..., None], source: str, name: str) -> Callable[..., None]:
    """Tell the name of a file as the user knows it, not the place to which it was copied."""

    def named(kind: str, **facts: Any) -> None:
        for key, value in facts.items():
            if isinstance(value, str) and source in value:
                is_page = key == "html" or (kind == "file" and value.startswith("<!doctype"))
                facts[key] = value.replace(source, escape(name) if is_page else name)
        tell(kind, **facts)

    return named


if __name__ == "__main__":
    main()

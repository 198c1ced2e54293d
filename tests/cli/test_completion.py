"""The shell completes commands, options and their words: what bash, zsh and fish ask, and what they are told."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"_MLE_COMPLETE": "complete_bash", "COMP_WORDS": "mle com", "COMP_CWORD": "1"}, "compare"),
        ({"_MLE_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "mle fit --solv"}, "--solver"),
        (
            {
                "_MLE_COMPLETE": "complete_fish",
                "_TYPER_COMPLETE_ARGS": "mle fit --weight-kind re",
                "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            },
            "reliability",
        ),
        ({"_MLE_COMPLETE": "source_bash"}, "complete -o default -F _mle_completion mle"),
        ({"_MLE_COMPLETE": "source_zsh"}, "#compdef mle"),
        ({"_MLE_COMPLETE": "source_fish"}, "complete --command mle"),
    ],
)
def test_shells_are_told_what_completes(asked, told):
    run = [sys.executable, "-m", "mle_toolkit.cli"]
    done = subprocess.run(run, capture_output=True, encoding="utf-8", env=os.environ | asked, check=False)
    assert done.returncode == 0, done.stderr
    assert told in done.stdout

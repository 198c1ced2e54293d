"""The command line: ``mle demo``, ``mle fit``, ``mle compare``, ``mle regress``, ``mle groups``, ``mle kl``, ...

Each command is a file of its name, whose function `running` enters. Results go to standard output, warnings and errors
of one line to standard error. Only typer is imported here; what a command needs it imports itself, so that
``mle --help`` answers at once.
"""

from mle_toolkit.cli.running import main as main

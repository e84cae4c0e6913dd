"""The command line of CONTRACT.md: data to stdout, words for people to stderr.

Exit codes: 0 done; 1 the answer is "no"; 2 could not run; 3 done, but some documents had problems.
Each command imports what it needs when it runs, so that `tocsin --help` answers at once.
"""

from __future__ import annotations

import sys

import click

from tocsin import __version__
from tocsin.cli import coverage, documents, geocodes, ledger, look, match, neutrality, service, sources, witness
from tocsin.errors import TocsinError
from tocsin.run import arenas, sweeps


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tocsin")
def tocsin() -> None:
    """Early warning for the places you look after, from public official feeds. It watches hazards, never people."""
    _log_to_stderr()


def _log_to_stderr() -> None:
    import logging

    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # Asked for at each line: a logger made once would go on writing to a stderr that was replaced and closed.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


for command in (
    *service.COMMANDS,
    *look.COMMANDS,
    *coverage.COMMANDS,
    *documents.COMMANDS,
    *sources.COMMANDS,
    *geocodes.COMMANDS,
    *match.COMMANDS,
    *ledger.COMMANDS,
    *witness.COMMANDS,
    *neutrality.COMMANDS,
):
    tocsin.add_command(command)


def main() -> None:
    """Run the command line and exit. What the world did wrong is one sentence, never a traceback."""
    arenas.few()
    sweeps.seldom()
    try:
        code = tocsin.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except TocsinError as error:
        click.echo(f"tocsin: {error}", err=True)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)

"""The command that looks for card data that nobody declared."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from carddata_retention import console
from carddata_retention.cli.front import DEFAULT_CONFIG, ConfigOption, Json, app, hooks, load_config, now


@app.command()
def discover(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Exports and logs to read instead of "
                                                       "the database; folders are read whole.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    keys: Annotated[Path | None, typer.Option("--keys", metavar="FILE", help="Write which rows hold the findings "
                                              "into a new CSV file, 0600, without any value.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, not only what is new.")] = False,
    json: Json = False,
) -> None:
    """Card data that no target declares: where, how much, what to do. Read-only; never a digit."""
    from carddata_retention import discover as story
    from carddata_retention import discovery_told

    settings, moment, lent = load_config(config), now(), hooks()
    if files:
        told = story.discover_files(settings, moment, lent, files, keys=keys)
    else:
        told = story.discover(settings, moment, lent, full=full, keys=keys)
    if json:
        error = discovery_told.error(told)
        console.say_json({**told.as_json(), **({"error": error} if error else {})})
    else:
        discovery_told.tell(told)
    sys.exit(int(told.exit))

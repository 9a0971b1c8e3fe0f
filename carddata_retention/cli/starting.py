"""The command that a new database begins with."""

from pathlib import Path
from typing import Annotated

import typer

from carddata_retention import console
from carddata_retention.cli.front import DEFAULT_CONFIG, Json, app, now


@app.command()
def init(
    url_env: Annotated[str, typer.Option("--url-env", metavar="NAME", help="The environment variable that holds the "
                                         "database's URL.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the proposal here instead of on "
                                             "stdout.")] = None,
    json: Json = False,
) -> None:
    """Look at a database and propose retention.toml. Read-only; what it cannot know says FILL IN."""
    from carddata_retention.proposal import new_file, propose

    base, moment = (out or DEFAULT_CONFIG).resolve().parent, now()
    if out is None:
        proposal = propose(url_env, base, moment)
    else:
        with new_file(out) as file:
            proposal = propose(url_env, base, moment)
            file.write(proposal.toml)
    if json:
        console.say_json(proposal.as_json())
    elif out is None:
        console.say(proposal.toml.rstrip())
    console.log("\n".join(proposal.told(out or DEFAULT_CONFIG)))

"""The commands of attested service ends: `request attest-end` and what belongs to it."""

from typing import Annotated

import typer

from carddata_retention import console
from carddata_retention.cli.front import DEFAULT_CONFIG, ConfigOption, Json, load_config, now
from carddata_retention.cli.requesting import request

By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does this.")]


@request.command(name="attest-end")
def attest_end(
    subject: Annotated[str, typer.Option("--subject", metavar="ID", help="Whose last service ended.")],
    ended: Annotated[str, typer.Option("--ended", metavar="INSTANT|DATE", help="When: used through that day.")],
    document: Annotated[str, typer.Option("--document", metavar="TEXT", help="Which document says so.")] = "",
    by: By = "",
    second: Annotated[str, typer.Option("--second", metavar="NAME", help="Who has looked at it too.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """Settle when the services of an undetermined subject ended: two people and a document. The data count first."""
    from carddata_retention import attestations

    made = attestations.attest_end(load_config(config), now(), subject,
                                   attestations.Statement(ended, document, by, second))
    if json:
        console.say_json({"schema": 1, "mode": "request-attest-end", "exit_code": 0, "id": made})
    else:
        console.say(f"attestation {made} is in force; the next night decides by it")


@request.command(name="withdraw-attestation")
def withdraw_attestation(
    attestation: Annotated[str, typer.Argument(metavar="ID")],
    by: By = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it ends.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """End an attestation. It stays on record; its subject is undetermined again."""
    from carddata_retention import attestations

    gone = attestations.withdraw(load_config(config), now(), attestation, by, reason)
    if json:
        console.say_json({"schema": 1, "mode": "request-withdraw-attestation", "exit_code": 0, "id": attestation,
                          "removed_before": gone})
    else:
        console.say(f"attestation {attestation} is withdrawn; {gone} records were removed by it before")


@request.command(name="attestations")
def list_attestations(config: ConfigOption = DEFAULT_CONFIG, json: Json = False) -> None:
    """Every attested end, the latest first, with those that were withdrawn or overtaken."""
    from dataclasses import asdict

    from carddata_retention import attestations

    found = attestations.known(load_config(config), now())
    if json:
        console.say_json({"schema": 1, "mode": "request-attestations", "exit_code": 0,
                          "attestations": [asdict(one) for one in found]})
        return
    for one in found:
        console.say(f"{one.id}  {one.state}  {one.subject}  ended {one.ended_on}, was {one.reason}; {one.document}; "
                    f"attested by {one.attested_by} and {one.second} at {one.attested_at}")
    console.log(f"{len(found)} attestations")

"""The commands of a plan: made, shown, approved by a second person, carried out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carddata_retention import console
from carddata_retention.cli.front import (
    DEFAULT_CONFIG,
    AsOf,
    ConfigOption,
    Json,
    app,
    asked,
    hooks,
    load_config,
    now,
    tell,
)
from carddata_retention.errors import UsageError

if TYPE_CHECKING:
    from carddata_retention.settings import Config

KeyFile = Annotated[Path | None, typer.Option("--key-file", metavar="KEY", help="Your own key, to sign with.")]


@app.command()
def plan(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOf = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the plan here, for apply.")] = None,
    key_file: KeyFile = None,
    show: Annotated[Path | None, typer.Option("--show", metavar="PLAN", help="Show this plan, stale or not.")] = None,
    compare: Annotated[str | None, typer.Option("--compare-version", metavar="VERSION", help="How many records would "
                                                "be due earlier or later if this version decided.")] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Show the statements and the database's query plan.")] = False,
    json: Json = False,
) -> None:
    """The dry run: counts, reasons, statements; writes nothing to the database."""
    from carddata_retention import approval
    from carddata_retention.plan import read_plan
    from carddata_retention.run import plan_night

    if show is not None:
        declared = load_config(config)
        console.say("\n".join(approval.told(read_plan(show), declared.approval, now(), _of_runs(declared))))
        return
    if key_file is not None and out is None:
        raise UsageError("plan_out", "A signature needs a plan to stand on.",
                         cure="carddata-retention plan --out plan.json --key-file KEY")
    settings, host, day = asked(config, as_of)
    sign = approval.signer(settings.approval, key_file, host) if out else (lambda _: ())
    told, frozen, statements = plan_night(settings, host, day, hooks(), out, sign, compare, sql=sql)
    if frozen is not None:
        console.log(f"plan {frozen.digest[:16]} written to {out}; carry it out with: carddata-retention apply {out}")
    if sql and not json:
        for title, text in statements:
            console.say(f"-- {title}\n{text}\n")
    tell(told, json)


@app.command()
def approve(
    plan_file: Annotated[Path | None, typer.Argument(metavar="PLAN")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    key_file: KeyFile = None,
    new_key: Annotated[Path | None, typer.Option("--new-key", metavar="KEY", help="Make a key for a person.")] = None,
) -> None:
    """Sign a plan as a second person, or make the key that a person signs with."""
    from carddata_retention import approval
    from carddata_retention.plan import read_plan, write_plan

    if new_key is not None:
        console.say(approval.public_block(approval.new_key(new_key)))
        return
    if plan_file is None or key_file is None:
        raise UsageError("approve_input", "An approval needs a plan and a key.", not_done="Nothing was signed.",
                         cure="carddata-retention approve plan.json --key-file KEY")
    settings, host = load_config(config), now()
    of_runs = _of_runs(settings)
    made, person = approval.approved(read_plan(plan_file), settings.approval, approval.load_key(key_file), host,
                                     of_runs)
    write_plan(plan_file, made.plan, made.signatures)
    console.say("\n".join(approval.told(made, settings.approval, host, of_runs)))
    console.log(f"approved by {person.name}; carry it out with: carddata-retention apply {plan_file}")


@app.command()
def apply(plan_file: Annotated[Path, typer.Argument(metavar="PLAN")], config: ConfigOption = DEFAULT_CONFIG,
          json: Json = False) -> None:
    """Remove exactly the rows of a plan that are still as they were when it was made."""
    from carddata_retention.plan import read_plan
    from carddata_retention.run import night

    tell(night(load_config(config), now(), None, hooks(), read_plan(plan_file)), json)


def _of_runs(config: "Config") -> list[str]:
    """The public keys by which runs of this ledger sign."""
    from carddata_retention.identity import key_if_any

    key = key_if_any(config)
    return list(key.publics().values()) if key else []

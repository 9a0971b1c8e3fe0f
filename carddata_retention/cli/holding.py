"""The commands of legal holds."""

import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from carddata_retention import console
from carddata_retention.cli.front import DEFAULT_CONFIG, ConfigOption, Json, app, load_config, now
from carddata_retention.cli.questions import rows_of
from carddata_retention.errors import UsageError

if TYPE_CHECKING:
    from carddata_retention.holds import Bulk

# What may be named together: target, key, subject, query, csv.
SCOPES = {(True, True, False, False, False), (False, False, True, False, False), (True, False, False, False, False),
          (True, False, False, True, False), (False, False, False, True, False), (False, False, False, False, True)}

hold = typer.Typer(no_args_is_help=True, rich_markup_mode=None,
                   help="Legal holds: what must not be removed, on what basis, until when reviewed.")
app.add_typer(hold, name="hold")
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does this.")]
ReviewBy = Annotated[str, typer.Option("--review-by", metavar="YYYY-MM-DD", help="When somebody must look again.")]


@hold.command()
def place(
    target: Annotated[str | None, typer.Option("--target", help="All of this target; with --key one record.")] = None,
    key: Annotated[str | None, typer.Option("--key", metavar="KEY", help="The value, or a JSON array.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", metavar="ID", help="All records of this subject.")] = None,
    query: Annotated[Path | None, typer.Option(
        "--query", metavar="FILE.sql", help="What a SELECT names: target and key columns, or with --target the key "
        "columns.")] = None,
    csv: Annotated[str | None, typer.Option(
        "--csv", metavar="FILE|-", help="One hold for each row: target,key,subject,basis,by,review_by,note.")] = None,
    basis: Annotated[str, typer.Option("--basis", help="dispute, chargeback, authority, statute or other.")] = "",
    by: By = "",
    review_by: ReviewBy = "",
    note: Annotated[str, typer.Option("--note", help="In words; needed for other.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """Hold a record, a subject, a target, or what a query or a file names: nothing of it is removed until released."""
    from carddata_retention import holds

    scope = tuple(word is not None for word in (target, key, subject, query, csv))
    if scope not in SCOPES or (csv is not None and any((basis, by, review_by, note))):
        raise UsageError("hold_scope", "Name a target with a key, a target, a subject, a query, or a file that says "
                         "everything itself.", not_done="No hold was placed.",
                         cure="carddata-retention hold place --help")
    if csv is not None:
        with rows_of(csv) as source:
            bulk = holds.place_from_csv(load_config(config), now(), source)
        _tell_many(bulk, json)
    order = holds.Order(basis, by, _day(review_by), note)
    if query is not None:
        with rows_of(str(query)) as text:
            bulk = holds.place_by_query(load_config(config), now(), text.read(), target, order)
        _tell_many(bulk, json)
    if subject is not None:
        placed = holds.place_on_subject(load_config(config), now(), subject, order)
    elif target is not None and key is not None:
        placed = holds.place_on_record(load_config(config), now(), target, key, order)
    else:
        placed = holds.place_on_target(load_config(config), now(), target or "", order)
    _told(placed, "place", f"hold {placed} is in force", json)


def _tell_many(bulk: "Bulk", json: bool) -> NoReturn:
    """Which rows have a hold, which have none and why, and the exit code."""
    ids = sorted({hold_id for _, hold_id in bulk.placed})
    error = bulk.error
    if json:
        answer = {"schema": 1, "mode": "hold-place", "exit_code": bulk.exit_code, "ids": ids,
                  "placed": [{"row": row, "id": hold_id} for row, hold_id in bulk.placed],
                  "refused": [asdict(row) for row in bulk.refused]}
        console.say_json({**answer, **({"error": error.as_json()} if error else {})})
    else:
        for row in bulk.refused:
            console.say(f"row {row.row}: {row.code}: {row.reason}")
        named = f" ({ids[0]})" if len(ids) == 1 else ""
        console.say(f"{len(bulk.placed)} rows placed by {len(ids)} holds{named}, {len(bulk.refused)} refused")
    if error:
        console.error(error)
    sys.exit(bulk.exit_code)


@hold.command()
def release(
    hold_id: Annotated[str, typer.Argument(metavar="ID")],
    by: By = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it ends.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """End a hold. It stays on record; what is due then goes with the next night."""
    from carddata_retention import holds

    holds.release(load_config(config), now(), hold_id, by, reason)
    _told(hold_id, "release", f"hold {hold_id} is released", json)


@hold.command()
def review(
    hold_id: Annotated[str, typer.Argument(metavar="ID")],
    by: By = "",
    review_by: ReviewBy = "",
    config: ConfigOption = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """Note that somebody has looked at a hold, and when to look again."""
    from carddata_retention import holds

    holds.review(load_config(config), now(), hold_id, by, _day(review_by))
    _told(hold_id, "review", f"hold {hold_id} is to be reviewed by {review_by}", json)


@hold.command(name="list")
def list_(config: ConfigOption = DEFAULT_CONFIG, json: Json = False) -> None:
    """Every hold in force, those first whose review comes first."""
    from carddata_retention import holds

    found = holds.in_force(load_config(config), now())
    if json:
        console.say_json({"schema": 1, "mode": "hold-list", "exit_code": 0,
                          "holds": [{**asdict(one), "item": item} for one, item in found]})
        return
    for one, item in found:
        many = f"({one.items} rows)" if item is None and one.items > 1 else None
        whom = " ".join(word for word in (one.scope, one.target, item, many) if word)
        console.say(f"{one.id}  {whom}  {one.basis}, placed by {one.placed_by} at {one.placed_at}, "
                    f"review by {one.review_by or '—'}")
    console.log(f"{len(found)} holds in force")


def _told(hold_id: str, mode: str, words: str, json: bool) -> None:
    if json:
        console.say_json({"schema": 1, "mode": f"hold-{mode}", "exit_code": 0, "id": hold_id})
    else:
        console.say(words)


def _day(text: str) -> date:
    from carddata_retention.instants import parse_day

    day = parse_day(text)
    if day is None:
        raise UsageError("review_by", "A hold needs the day by which somebody must look at it again.",
                         not_done="The hold was not changed.", cure="--review-by YYYY-MM-DD")
    return day


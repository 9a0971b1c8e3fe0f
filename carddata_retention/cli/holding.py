"""The commands of legal holds."""

from datetime import date
from typing import Annotated

import typer

from carddata_retention import console
from carddata_retention.cli.front import DEFAULT_CONFIG, ConfigOption, Json, app, load_config, now
from carddata_retention.errors import UsageError

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
    basis: Annotated[str, typer.Option("--basis", help="dispute, chargeback, authority, statute or other.")] = "",
    by: By = "",
    review_by: ReviewBy = "",
    note: Annotated[str, typer.Option("--note", help="In words; needed for other.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """Hold a record, a subject or a target: nothing of it is removed while the hold is in force."""
    from carddata_retention import holds

    order = holds.Order(basis, by, _day(review_by), note)
    if subject is not None and target is None and key is None:
        placed = holds.place_on_subject(load_config(config), now(), subject, order)
    elif target is not None and subject is None and key is not None:
        placed = holds.place_on_record(load_config(config), now(), target, key, order)
    elif target is not None and subject is None:
        placed = holds.place_on_target(load_config(config), now(), target, order)
    else:
        raise UsageError("hold_scope", "Name a target with a key, a target, or a subject.",
                         not_done="No hold was placed.", cure="carddata-retention hold place --help")
    _told(placed, "place", f"hold {placed} is in force", json)


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
    from dataclasses import asdict

    from carddata_retention import holds

    found = holds.in_force(load_config(config), now())
    if json:
        console.say_json({"schema": 1, "mode": "hold-list", "exit_code": 0,
                          "holds": [{**asdict(one), "item": item} for one, item in found]})
        return
    for one, item in found:
        whom = " ".join(word for word in (one.scope, one.target, item) if word)
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


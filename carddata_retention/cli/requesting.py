"""The commands of individuals' requests: disclose, correct, erase, refuse, letter, list."""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from carddata_retention import console
from carddata_retention.cli.front import DEFAULT_CONFIG, ConfigOption, Json, app, hooks, load_config, now
from carddata_retention.errors import Exit, RefusedError, RetentionError, UsageError
from carddata_retention.individuals import RequestKind
from carddata_retention.model import Severity

if TYPE_CHECKING:
    from carddata_retention.model import Night
    from carddata_retention.settings import Config
    from carddata_retention.subject_requests import Answer, Claim

request = typer.Typer(no_args_is_help=True, rich_markup_mode=None,
                      help="Requests of individuals about their card data, each answered by a letter. Never a value.")
app.add_typer(request, name="request")

Number = Annotated[str | None, typer.Argument(metavar="[ID]", help="A request that was received before.")]
Subject = Annotated[str | None, typer.Option("--subject", metavar="ID", help="Whose card data.")]
Target = Annotated[str | None, typer.Option("--target", help="With --key: one record instead.")]
Key = Annotated[str | None, typer.Option("--key", metavar="KEY", help="The value, or a JSON array.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who takes the request.")]
Identity = Annotated[str, typer.Option("--identity", metavar="TEXT", help="How identity was confirmed.")]
Received = Annotated[str | None, typer.Option("--received", metavar="YYYY-MM-DD", help="When it came in; today.")]
GrantedBy = Annotated[str | None, typer.Option("--granted-by", metavar="NAME", help="Who decides that it is granted; "
                                               "without it the request is only recorded.")]
Fields = Annotated[list[str] | None, typer.Option("--field", help="What was corrected: holder, number or expiry.")]
LetterDir = Annotated[Path | None, typer.Option("--letter-dir", metavar="DIRECTORY", help="Write the letter there, one "
                                                "file a language, instead of to stdout.")]


@request.command()
def disclose(number: Number = None, subject: Subject = None, by: By = "", identity: Identity = "",
             received: Received = None, granted_by: GrantedBy = None, letter_dir: LetterDir = None,
             config: ConfigOption = DEFAULT_CONFIG, json: Json = False) -> None:
    """What card data is held of a subject, why, where and until when; never the values."""
    from carddata_retention import subject_requests

    loaded = _ready(config, letter_dir)
    number = _taken(loaded, RequestKind.DISCLOSE, number, granted_by, json, by, identity, received, subject)
    _tell(subject_requests.disclose(loaded, now(), number, granted_by or ""), letter_dir, json)


@request.command()
def correct(number: Number = None, subject: Subject = None, target: Target = None, key: Key = None, by: By = "",
            identity: Identity = "", received: Received = None, granted_by: GrantedBy = None,
            field: Fields = None, letter_dir: LetterDir = None,
            config: ConfigOption = DEFAULT_CONFIG, json: Json = False) -> None:
    """Note that a correction was done: of which fields, by whom; never a value."""
    from carddata_retention import subject_requests

    loaded = _ready(config, letter_dir)
    number = _taken(loaded, RequestKind.CORRECT, number, granted_by, json, by, identity, received, subject, target, key)
    _tell(subject_requests.correct(loaded, now(), number, granted_by or "", field or []), letter_dir, json)


@request.command()
def erase(number: Number = None, subject: Subject = None, target: Target = None, key: Key = None, by: By = "",
          identity: Identity = "", received: Received = None, granted_by: GrantedBy = None,
          at_once: Annotated[bool, typer.Option("--now", help="Remove it now, and not with the next run.")] = False,
          letter_dir: LetterDir = None, config: ConfigOption = DEFAULT_CONFIG, json: Json = False) -> None:
    """Early disposition: once granted, the next run removes it under the same evidence, whatever its deadline."""
    from carddata_retention import subject_requests

    loaded = _ready(config, letter_dir)
    if at_once and number is not None and granted_by is None:
        subject_requests.must_be_granted(loaded, now(), number)
        _removed(loaded, number, letter_dir, json)
    number = _taken(loaded, RequestKind.ERASE, number, granted_by, json, by, identity, received, subject, target, key)
    answer = subject_requests.grant_erasure(loaded, now(), number, granted_by or "")
    if at_once and answer.state == "granted":
        _removed(loaded, number, letter_dir, json)
    _tell(answer, letter_dir, json)


@request.command()
def refuse(number: Annotated[str, typer.Argument(metavar="ID")],
           ground: Annotated[str, typer.Option("--ground", help="rights, business or law.")] = "",
           reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it stands in the letter.")] = "",
           by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides.")] = "",
           letter_dir: LetterDir = None, config: ConfigOption = DEFAULT_CONFIG, json: Json = False) -> None:
    """Refuse a request on one of the notice's three grounds, with a reason."""
    from carddata_retention import subject_requests

    _tell(subject_requests.refuse(_ready(config, letter_dir), now(), number, by, ground, reason), letter_dir, json)


@request.command()
def letter(number: Annotated[str, typer.Argument(metavar="ID")], letter_dir: LetterDir = None,
           config: ConfigOption = DEFAULT_CONFIG, json: Json = False) -> None:
    """The letter of a request as things stand: after an erasure, that it is done."""
    from carddata_retention import subject_requests

    _tell(subject_requests.letter_of(_ready(config, letter_dir), now(), number), letter_dir, json)


@request.command(name="list")
def list_(config: ConfigOption = DEFAULT_CONFIG, json: Json = False) -> None:
    """Every request that is open, with its age in days; the oldest first."""
    from carddata_retention import subject_requests

    found = subject_requests.open_requests(load_config(config), now())
    if json:
        console.say_json({"schema": 1, "mode": "request-list", "exit_code": 0,
                          "requests": [{**asdict(one), "state": one.state} for one in found]})
        return
    for one in found:
        whom = " ".join(word for word in (one.scope, one.target, one.item) if word)
        decided = f", granted by {one.granted_by}" if one.granted_by else ""
        console.say(f"{one.id}  {one.kind} {whom}  {one.state}{decided}, received {one.received}, {one.age_days} days")
    console.log(f"{len(found)} requests are open")


def _ready(config: Path, letter_dir: Path | None) -> "Config":
    """The configuration; a folder that takes no letter is told before anything is recorded."""
    if letter_dir is not None and not (letter_dir.is_dir() and os.access(letter_dir, os.W_OK)):
        raise UsageError("letter_unwritable", f"{letter_dir} is no folder that takes a file.",
                         not_done="No request was recorded, and none was changed.", cure=f"mkdir {letter_dir}")
    return load_config(config)


def _taken(config: "Config", kind: RequestKind, number: str | None, granted_by: str | None, json: bool,
           by: str, identity: str, received: str | None, *whom: str | None) -> str:
    """The number of the request: given, or of one that is recorded now. Leaves where nothing more is asked."""
    from carddata_retention import subject_requests

    if number is None:
        number = subject_requests.ask(config, now(), kind, _claim(by, identity, received, *whom)).id
    elif any((by, identity, received, *whom)):
        raise UsageError("request_input", "A request that was received before is named by its ID alone.",
                         not_done="No request was recorded, and none was changed.",
                         cure=f"carddata-retention request {kind.value} {number} --granted-by NAME")
    if granted_by is None:
        if json:
            console.say_json({"schema": 1, "mode": f"request-{kind.value}", "exit_code": 0, "id": number,
                              "state": "received"})
        else:
            console.say(f"request {number} is recorded; decide it by: carddata-retention request {kind.value} {number} "
                        "--granted-by NAME, or request refuse")
        sys.exit(int(Exit.CLEAN))
    return number


def _claim(by: str, identity: str, received: str | None, subject: str | None = None, target: str | None = None,
           key: str | None = None) -> "Claim":
    from carddata_retention.instants import parse_day
    from carddata_retention.subject_requests import Claim

    day = parse_day(received) if received is not None else None
    if received is not None and day is None:
        raise UsageError("received_form", "--received is no date.", not_done="No request was recorded.",
                         cure="Write it as YYYY-MM-DD.")
    return Claim(by, identity, day, subject, target, key)


def _removed(config: "Config", number: str, letter_dir: Path | None, json: bool) -> NoReturn:
    """A night for this request alone; says what is left and why, or tells the letter that it is done."""
    from carddata_retention import subject_requests
    from carddata_retention.run import night

    told = night(config, now(), None, hooks(), only=number)
    answer = subject_requests.letter_of(config, now(), number)
    purged = {t.name: t.purged for t in told.targets if t.purged}
    error = None if answer.state == "closed" else _waiting(config, number, told)
    _tell(answer, letter_dir, json, error, run_id=told.run_id, purged=purged)


def _waiting(config: "Config", number: str, told: "Night") -> RetentionError:
    from carddata_retention import subject_requests

    left = subject_requests.left_of(config, now(), number)
    if left.under_hold:
        return RefusedError("request_held", f"{left.under_hold} records are under a legal hold: "
                            f"{', '.join(left.holds)}.", not_done="They were not removed; the request stays open.",
                            cure="hold release ID, where it may end; the next run removes them then.")
    why = [f.reason for f in told.findings if f.severity is not Severity.INFO]
    error = RefusedError("request_left", " ".join((f"{sum(left.records.values())} records are left.", *why)),
                         not_done="They were not removed; the request stays open.",
                         cure="The next run tries again; carddata-retention explain TARGET KEY says more.")
    error.exit = Exit(told.exit_code) or Exit.REFUSED
    return error


def _tell(answer: "Answer", letter_dir: Path | None, json: bool, error: RetentionError | None = None,
          **more: Any) -> NoReturn:
    """What was done, the letter to stdout or into its files, the exit code."""
    files = _written(answer, letter_dir) if answer.letter and letter_dir else []
    code = int(error.exit) if error else int(Exit.CLEAN)
    if json:
        said: dict[str, Any] = {
            "schema": 1, "mode": f"request-{answer.kind.value}", "exit_code": code, "id": answer.id,
            "state": answer.state, "closed_at": answer.closed_at, "holds": list(answer.holds),
            "fee_yen": answer.fee_yen, "held": [_held(one) for one in answer.held], "letters": files, **more}
        if answer.letter and not files:
            said["letter"] = asdict(answer.letter)
        console.say_json({**said, **({"error": error.as_json()} if error else {})})
    else:
        console.log(f"request {answer.id} is {answer.state}")
        for name, number in more.get("purged", {}).items():
            console.log(f"{name}: {number:,} removed")
        if answer.holds and answer.state == "granted":
            console.log(f"what is under a legal hold waits for it: {', '.join(answer.holds)}")
        for text in ([] if files or not answer.letter else [answer.letter.ja, answer.letter.en]):
            console.say(text)
        for path in files:
            console.say(f"letter: {path}")
    if error:
        console.error(error)
    sys.exit(code)


def _held(one: Any) -> dict[str, Any]:
    return asdict(one) | {"term": {name: value if value is None or isinstance(value, str) else value.isoformat()
                                   for name, value in asdict(one.term).items()}}


def _written(answer: "Answer", directory: Path | None) -> list[str]:
    """The letter as one file a language, readable by its owner alone; a file that is there is replaced."""
    paths = []
    for language, text in asdict(answer.letter).items() if answer.letter and directory else ():
        path = directory / f"{answer.id}.{language}.txt" if directory else Path()
        new = path.with_name(path.name + ".new")
        try:
            new.unlink(missing_ok=True)  # one that lies there may be open to others
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            new.replace(path)
        except OSError as wrong:
            raise UsageError("letter_unwritable", f"The letter cannot be written there: {type(wrong).__name__}.",
                             not_done="The request is recorded; only its letter is not written.",
                             cure=f"carddata-retention request letter {answer.id} --letter-dir DIRECTORY") from None
        paths.append(str(path))
    return paths

"""Reading the configuration: one TOML file, whole, wrong input answered with a taught error.

`load` is the only way in; `database_url` the only place that touches a secret. Nothing here opens a database.
"""

import difflib
import hashlib
import json
import os
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ValidationError
from sqlalchemy.engine import URL

from carddata_retention.errors import ConfigError
from carddata_retention.settings import Config, Section, Target, parsed_url
from carddata_retention.toml_text import UNKNOWN

CODES = {"password": "config_password"}


def schema_text() -> str:
    """The JSON Schema of the file, for editors: what docs/retention.schema.json holds."""
    schema = Config.model_json_schema(by_alias=True)
    del schema["properties"]["base"]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "retention.toml"}
    return json.dumps(schema | head, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _known_keys(place: list[str | int]) -> list[str]:
    """The keys of the section that `place` is a key of, by walking the models along it."""
    model: type[Section] = Config
    for step in place[:-1]:
        fields = {(f.alias or n): f.annotation for n, f in model.model_fields.items()}
        model = _section_of(fields.get(str(step))) or model
    return [f.alias or n for n, f in model.model_fields.items() if n != "base"]


def _section_of(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((s for a in get_args(annotation) if (s := _section_of(a)) is not None), None)


def _taught(file: str, data: Any, invalid: ValidationError) -> ConfigError:
    """The first error as a lesson. What stands in the file is never repeated, but for the names of keys."""
    every = invalid.errors(include_url=False, include_input=False)
    first = _misspelt(every) or every[0]
    place = [step for step in first["loc"] if not str(step).startswith(("<", "function-"))]
    where = _spoken(place, data)
    word = str(place[-1]) if place else ""
    if first["type"] == "extra_forbidden":
        known = _known_keys(place)
        near = difflib.get_close_matches(word, known, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}? " if near else ""
        return ConfigError("config_unknown_key", f"{file}: {where} is no key of this file.",
                           cure=f"{hint}Known keys there: {', '.join(known)}.")
    if first["type"] == "missing":
        return ConfigError("config_missing", f"{file}: {where} is missing.", cure=f"Add {where} to {file}.")
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    if not where:  # two sections that do not fit together: the message names both
        return ConfigError("config_value", f"{file}: {message}.", cure=f"Mend {file}, then: carddata-retention check")
    return ConfigError(CODES.get(first["type"], "config_value"), f"{file}: {where}: {message}.",
                       cure=f"Mend {where} in {file}, then: carddata-retention check")


def _unfilled(data: Any, place: list[str | int]) -> Iterator[list[str | int]]:
    """The places where a proposal left the answer to a person."""
    if data == UNKNOWN:
        yield place
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in steps:
        yield from _unfilled(value, [*place, step])


def _misspelt(every: Sequence[Any]) -> Any:
    """Of a required key that is missing and an unknown one in its place, the unknown one: it is what somebody wrote."""
    if every[0]["type"] != "missing":
        return None
    *section, wanted = every[0]["loc"]
    for error in every:
        *beside, word = error["loc"]
        if error["type"] == "extra_forbidden" and beside == section and difflib.get_close_matches(
                str(word), [str(wanted)], n=1, cutoff=0.6):
            return error
    return None


def _spoken(place: list[str | int], data: Any) -> str:
    """`targets.0.key` as people say it: `targets.cards.key`, where the entry of a list has a name of its own."""
    words = []
    for step in place:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            data = None
        named = data if isinstance(step, int) and isinstance(data, dict) else {}
        name = next((named[k] for k in ("name", "version", "table") if isinstance(named.get(k), str)), None)
        words.append(str(step) if name is None else name)
    return ".".join(words)


def load(path: Path) -> Config:
    """Read and validate the file. Raises ConfigError with the place and the nearest known key."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(
            "config_not_found", f"There is no file {path}.",
            cure="carddata-retention check --config FILE, or set CARDDATA_CONFIG",
        ) from None
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigError("config_unreadable", f"{path} cannot be read: {type(wrong).__name__}.",
                          cure="It must be a file that this user may read, in UTF-8.") from None
    except tomllib.TOMLDecodeError as wrong:
        raise ConfigError("config_toml", f"{path.name} is not TOML: {wrong}.",
                          cure="Mend that line: text stands in quotes, a section is one [name].") from None
    if place := next(_unfilled(data, []), None):
        raise ConfigError("config_fill_in", f"{path.name}: {_spoken(place, data)} still says {UNKNOWN}.",
                          cure="Only a person can say what belongs there; then: carddata-retention check "
                          f"--config {path}")
    if "base" in data:
        raise ConfigError("config_unknown_key", f"{path.name}: base is no key of this file.", cure="Remove it.")
    try:
        return Config(**data, base=path.resolve().parent)
    except ValidationError as invalid:
        raise _taught(path.name, data, invalid) from None


def database_url(
    config: Config, role: Literal["run", "plan", "verify", "register", "discover"] = "run"
) -> URL:
    """The URL of a login, from the environment or a file. Raises ConfigError; never repeats its text."""
    section = config.database
    names = {"verify": section.verify_url_env, "plan": section.plan_url_env, "register": section.register_url_env,
             "run": None, "discover": section.discover_url_env or section.plan_url_env}
    variable = names[role] or section.url_env
    if section.url is not None and variable is None:
        text = section.url
    elif variable is None:
        text = _read_secret(config.path(section.url_file or ""))
    else:
        return url_from_environment(variable)
    return _url(text, "database.url_file")


def replica_urls(config: Config) -> list[URL]:
    """The logins on MariaDB's replicas. Raises ConfigError; never repeats its text."""
    return [url_from_environment(v) for v in config.limits.replica_url_envs]


def url_from_environment(variable: str) -> URL:
    """The URL that an environment variable holds. Raises ConfigError; never repeats its text."""
    if text := os.environ.get(variable, ""):
        return _url(text, f"the environment variable {variable}")
    raise ConfigError("config_url_env", f"The environment variable {variable} is not set.",
                      cure=f"export {variable}='postgresql://user:password@host/billing'")


def _url(text: str, place: str) -> URL:
    try:
        return parsed_url(text)
    except ValueError as wrong:
        raise ConfigError("config_url", f"{str(wrong)[0].upper()}{str(wrong)[1:]}.",
                          cure=f"Look at {place}.") from None


def _read_secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigError("config_url_file", f"The file of database.url_file cannot be read: "
                          f"{type(wrong).__name__}.", cure=f"Check {path.name} and its rights.") from None


def target_digest(config: Config, target: Target, version: str) -> str:
    """What an approval of one target is for: the policy, the version of it in force, the service ends, and how the
    target is declared."""
    query = read_query(config) if config.service_end.query else ""  # its words decide, not the name of its file
    whole = config.digest("policy", "service_end", "subject") + target.model_dump_json(by_alias=True) + query + version
    return hashlib.sha256(whole.encode()).hexdigest()


def read_query(config: Config) -> str:
    """The SELECT of service_end.query: a file of the configuration's folder, without its last semicolon."""
    name = config.service_end.query or ""
    try:
        text = config.path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigError("query_file", f"The file {name} of service_end.query cannot be read: "
                          f"{type(wrong).__name__}.", cure="It is relative to the configuration file.") from None
    return text.strip().rstrip(";").strip()

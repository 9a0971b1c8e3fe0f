"""Reading the configuration: one TOML file, whole, wrong input answered with a taught error.

`load` is the only way in; `database_url` the only place that touches a secret. Nothing here opens a database.
"""

import difflib
import hashlib
import os
import tomllib
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ValidationError
from sqlalchemy.engine import URL

from carddata_retention.errors import ConfigError
from carddata_retention.settings import Config, Section, Target, parsed_url


def _known_keys(location: tuple[Any, ...]) -> list[str]:
    """The keys of the section that a validation error stands in, by walking the models along its path."""
    model: Any = Config
    for step in location[:-1]:
        if isinstance(step, int):
            continue
        names = {(f.alias or n): f.annotation for n, f in getattr(model, "model_fields", {}).items()}
        inner = _section_of(names.get(step))
        model = inner if inner is not None else model
    return [f.alias or n for n, f in getattr(model, "model_fields", {}).items() if n != "base"]


def _section_of(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((s for a in get_args(annotation) if (s := _section_of(a)) is not None), None)


def _taught(path: Path, invalid: ValidationError) -> ConfigError:
    first = invalid.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(p) for p in first["loc"]) or "the file"
    if first["type"] == "extra_forbidden":
        word = str(first["loc"][-1])
        known = _known_keys(first["loc"])
        near = difflib.get_close_matches(word, known, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}?" if near else f"Known keys there: {', '.join(known)}."
        return ConfigError("config_unknown_key", f"{path.name}: {where} is no key of this file.", cure=hint)
    if first["type"] == "missing":
        return ConfigError("config_missing", f"{path.name}: {where} is missing.", cure=f"Add {where} to {path.name}.")
    message = first["msg"].removeprefix("Value error, ")
    code = "config_password" if "password" in message else "config_value"
    return ConfigError(code, f"{path.name}: {where}: {message}.", cure=f"Mend {where} in {path.name}, then: check")


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
        raise ConfigError("config_unreadable", f"{path} cannot be read: {type(wrong).__name__}.") from None
    except tomllib.TOMLDecodeError as wrong:
        raise ConfigError("config_toml", f"{path.name} is not TOML: {wrong}.", cure="Mend the line.") from None
    if "base" in data:
        raise ConfigError("config_unknown_key", f"{path.name}: base is no key of this file.", cure="Remove it.")
    try:
        return Config(**data, base=path.resolve().parent)
    except ValidationError as invalid:
        raise _taught(path, invalid) from None


def database_url(config: Config, role: Literal["run", "plan", "verify"] = "run") -> URL:
    """The URL of a login, from the environment or a file. Raises ConfigError; never repeats its text."""
    section = config.database
    names = {"verify": section.verify_url_env, "plan": section.plan_url_env, "run": None}
    variable = names[role] if names[role] and os.environ.get(names[role] or "") else section.url_env
    if section.url is not None and variable is None:
        text = section.url
    elif variable is None:
        text = _read_secret(config.path(section.url_file or ""))
    elif not (text := os.environ.get(variable, "")):
        raise ConfigError("config_url_env", f"The environment variable {variable} is not set.",
                          cure=f"export {variable}='postgresql://user:password@host/billing'")
    try:
        return parsed_url(text)
    except ValueError as wrong:
        raise ConfigError("config_url", f"{str(wrong)[0].upper()}{str(wrong)[1:]}.") from None


def _read_secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as wrong:
        raise ConfigError("config_url_file", f"The file of database.url_file cannot be read: "
                          f"{type(wrong).__name__}.", cure=f"Check {path.name} and its rights.") from None


def target_digest(config: Config, target: Target) -> str:
    """What an approval of one target is for: the policy, the service ends, and how the target is declared."""
    return hashlib.sha256(
        (config.digest("policy", "service_end", "subject") + target.model_dump_json(by_alias=True)).encode()
    ).hexdigest()


def read_query(config: Config) -> str:
    """The SELECT of service_end.query: a file of the configuration's folder, without its last semicolon."""
    name = config.service_end.query or ""
    try:
        text = config.path(name).read_text(encoding="utf-8-sig")
    except OSError as wrong:
        raise ConfigError("query_file", f"The file {name} of service_end.query cannot be read: "
                          f"{type(wrong).__name__}.", cure="It is relative to the configuration file.") from None
    return text.strip().rstrip(";").strip()

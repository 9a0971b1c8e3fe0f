"""Foreign exceptions, said without their words.

`hide_parameters` is not enough: a server's DETAIL line, a cast error or MariaDB's "Duplicate entry" carries the
value itself. So nothing that a driver wrote is ever repeated: only the type, the SQLSTATE or error number and
the name of the constraint leave this module.
"""

import re
from enum import StrEnum

from sqlalchemy.exc import DBAPIError, OperationalError, PendingRollbackError, SQLAlchemyError


class Trouble(StrEnum):
    """What a database's refusal means for the one who asked."""

    LOCKED = "locked"
    TRANSIENT = "transient"
    DISCONNECTED = "disconnected"
    READ_ONLY = "read_only"
    DENIED = "denied"
    ROW_SECURITY = "row_security"
    MISSING = "missing"
    CONSTRAINT = "constraint"
    DISK_FULL = "disk_full"
    OTHER = "other"


_SQLSTATE = {
    "55P03": Trouble.LOCKED,
    "40001": Trouble.TRANSIENT,
    "40P01": Trouble.TRANSIENT,
    "25006": Trouble.READ_ONLY,
    "42501": Trouble.DENIED,
    "42P01": Trouble.MISSING,
    "42703": Trouble.MISSING,
    "3F000": Trouble.MISSING,
    "53100": Trouble.DISK_FULL,
}
_MYSQL = {
    1205: Trouble.LOCKED,
    3572: Trouble.LOCKED,
    1213: Trouble.TRANSIENT,
    1290: Trouble.READ_ONLY,
    1792: Trouble.READ_ONLY,
    1836: Trouble.READ_ONLY,
    1044: Trouble.DENIED,
    1045: Trouble.DENIED,
    1142: Trouble.DENIED,
    1143: Trouble.DENIED,
    1227: Trouble.DENIED,
    1370: Trouble.DENIED,
    1146: Trouble.MISSING,
    1049: Trouble.MISSING,
    1054: Trouble.MISSING,
    1048: Trouble.CONSTRAINT,
    1451: Trouble.CONSTRAINT,
    1452: Trouble.CONSTRAINT,
    1062: Trouble.CONSTRAINT,
    4025: Trouble.CONSTRAINT,
    1021: Trouble.DISK_FULL,
    1114: Trouble.DISK_FULL,
}
_SQLITE = {5: Trouble.LOCKED, 6: Trouble.LOCKED, 8: Trouble.READ_ONLY, 13: Trouble.DISK_FULL, 19: Trouble.CONSTRAINT}


def trouble(error: SQLAlchemyError) -> Trouble:
    """Classify what a driver raised, by its codes; only row security is told by a word of the server's own."""
    if isinstance(error, PendingRollbackError):  # the session is gone, and with it what it had begun
        return Trouble.DISCONNECTED
    if not isinstance(error, DBAPIError):
        return Trouble.OTHER
    if error.connection_invalidated:
        return Trouble.DISCONNECTED
    origin = error.orig
    # PyMySQL gives an SQLSTATE too since 1.2, but MariaDB's are too coarse: 42000 may be a denied right or bad SQL.
    state = getattr(origin, "sqlstate", None) if _number(origin) is None else None
    if state:
        if state == "42501" and "row-level security" in str(origin):
            return Trouble.ROW_SECURITY
        if state.startswith("23"):
            return Trouble.CONSTRAINT
        if state.startswith(("08", "57P")):
            return Trouble.DISCONNECTED
        return _SQLSTATE.get(state, Trouble.OTHER)
    code = getattr(origin, "sqlite_errorcode", None)
    if code is not None:
        if code == 1 and str(origin).startswith(("no such table", "no such column")):
            return Trouble.MISSING
        return _SQLITE.get(code & 0xFF, Trouble.OTHER)
    number = _number(origin)
    if number is None and isinstance(error, OperationalError):  # psycopg, of a connection that broke off: no SQLSTATE
        return Trouble.DISCONNECTED
    if number in (2002, 2003, 2006, 2013, 2055, 1053, 1927, 0):
        return Trouble.DISCONNECTED
    return _MYSQL.get(number or -1, Trouble.OTHER)


_REFUSED_WORDS = re.compile(
    r'authentication failed|not permitted to log in|no pg_hba.conf entry|role ".*" does not exist'
)


def login_refused(error: SQLAlchemyError) -> bool:
    """Whether a server answered and refused this login, as opposed to not answering, or not yet.

    PostgreSQL's client gives no SQLSTATE for a connection that failed, so its words are looked at, never repeated.
    Words in another language fall to "cannot be reached", which is tried again and said to be blind all the same.
    """
    if trouble(error) is Trouble.DENIED:
        return True
    origin = getattr(error, "orig", None)
    if getattr(origin, "sqlstate", None) in ("28P01", "28000"):
        return True
    client = getattr(origin, "pgconn", None)
    return client is not None and (client.needs_password or _REFUSED_WORDS.search(str(origin)) is not None)


def safe(error: BaseException) -> str:
    """One line about a foreign exception that holds no value: type, code, constraint."""
    if not isinstance(error, DBAPIError):
        return type(error).__name__
    origin = error.orig
    words = [type(origin).__name__]
    if (number := _number(origin)) is not None:
        words.append(f"error {number}")
    elif state := getattr(origin, "sqlstate", None):
        words.append(f"SQLSTATE {state}")
    elif (name := getattr(origin, "sqlite_errorname", None)) is not None:
        words.append(name)
    constraint = getattr(getattr(origin, "diag", None), "constraint_name", None)
    if constraint:
        words.append(f"constraint {constraint}")
    return ", ".join(words)


def _number(origin: BaseException | None) -> int | None:
    first = origin.args[0] if origin is not None and origin.args else None
    return first if isinstance(first, int) else None

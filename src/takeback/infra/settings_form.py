"""The form of settings: which names exist, which values make sense, and what of a value may be shown.

Everything that is wrong is said at once and in words. A value is never repeated in an error, because any
value may be a secret that was put on the wrong line.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from importlib.metadata import entry_points
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

import annotated_types
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, BaseModel, BeforeValidator, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import NoDecode

from takeback.infra.addresses import an_address, an_origin, without_credentials, without_secrets

PREFIX = "TAKEBACK_"
PLATFORMS = "takeback.connectors"
"""The group of entry points by which platforms register themselves."""
MAY_BE_EMPTY = frozenset({"TAKEBACK_PORTAL_LINKS"})
_ALIKE = 0.6
"""From which likeness on (0 to 1) a known name is offered for a wrong one."""
_MISSPELT = 0.85
"""From which likeness on a name without our prefix is taken for one of ours."""


def a_database_url(url: str) -> str:
    """A libpq URL that can be read in one way only. Raises ValueError, without a word of it."""
    try:
        host = str(conninfo_to_dict(url).get("host") or "")
    except ProgrammingError:
        host = "@"
    if "@" in host or not url.strip():
        raise ValueError(
            "must be a libpq URL, as postgresql://user:password@host:5432/database; write @ : / ? # and % "
            "inside a password as %40 %3A %2F %3F %23 and %25"
        ) from None
    return url


def a_host(host: str) -> str:
    """A name or address to bind to. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9.:_-]+", host):
        raise ValueError("must be a host name or an IP address, as 127.0.0.1")
    return host


@cache
def platform_names() -> tuple[str, ...]:
    """Return the names of the registered platforms. None is imported."""
    return tuple(sorted(entry_points(group=PLATFORMS).names))


def is_of_a_platform(variable: str) -> bool:
    """Return whether a variable, in capitals, is a setting of an account of a platform."""
    return variable.startswith(tuple(f"{PREFIX}{name.upper()}_" for name in platform_names()))


def account_names(value: str) -> tuple[str, ...]:
    """Read "matrix matrix:second" as names of accounts. Raises ValueError."""
    names = tuple(value.split())
    if not all(re.fullmatch(r"[a-z][a-z0-9]*(:[a-z0-9]+)?", name) for name in names):
        raise ValueError(
            "must be names with blanks between them, of a platform or of a platform and an account, as "
            "matrix:second, in small letters and digits"
        )
    if len(set(names)) < len(names):
        raise ValueError("names an account twice")
    return names


DatabaseUrl = Annotated[str, AfterValidator(a_database_url)]
"""May hold a password: only whether it is set is ever shown."""
Address = Annotated[str, AfterValidator(an_address)]
Origin = Annotated[str, AfterValidator(an_origin)]
Host = Annotated[str, AfterValidator(a_host)]
Accounts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(account_names)]
Place = Annotated[str, AfterValidator(without_credentials)]
"""Where something is, as a path, an address, or several of them."""


def wrong_names(given: Mapping[str, str | None], known: Iterable[str]) -> list[str]:
    """Sentences about names that are no settings, and settings that are empty.

    Args:
        given: an environment, or the lines of a .env file.
        known: every name there is.
    """
    names = {name.upper() for name in known}
    found = []
    for name, value in given.items():
        upper = name.upper()  # pydantic does not tell capitals from small letters either
        if upper in names:
            if not (value or "").strip() and upper not in MAY_BE_EMPTY:
                found.append(f"{upper} is empty: give it a value, or leave it out")
            continue
        ours = upper.startswith(PREFIX)
        near = _nearest(upper, names) if ours else difflib.get_close_matches(upper, names, 1, _MISSPELT)
        if near:
            found.append(f"{upper} is no setting; {near[0]} is the nearest")
        elif is_of_a_platform(upper):
            found.append(f"{upper} is no setting of an account that TAKEBACK_CONNECTORS names")
        elif ours:
            found.append(f"{upper} is no setting; `takeback settings` lists all of them")
    return found


def _nearest(name: str, names: Iterable[str]) -> list[str]:
    """The known name most like one with our prefix, which says nothing; none if nothing is like it."""
    platform, _, setting = name.removeprefix(PREFIX).partition("_")
    near = difflib.get_close_matches(platform.lower(), platform_names(), 1, _MISSPELT)
    if setting and near and not is_of_a_platform(name):
        return [f"{PREFIX}{near[0].upper()}_{setting}"]
    ends = sorted(each.removeprefix(PREFIX) for each in names)
    return [PREFIX + end for end in difflib.get_close_matches(name.removeprefix(PREFIX), ends, 1, _ALIKE)]


def wrong_value(error: ErrorDetails, fields: Mapping[str, FieldInfo], prefix: str = PREFIX) -> str:
    """A sentence about one setting that is wrong, with what it may be, and without its value."""
    name = str(error["loc"][0]) if error["loc"] else ""
    field = fields.get(name)
    if field is None:
        return error["msg"].removeprefix("Value error, ")
    allowed = allowed_range(field)
    text = f"must be {allowed}" if allowed else error["msg"].removeprefix("Value error, ")
    if error["type"] == "missing":
        text = f"is missing: {field.description}"
    return f"{prefix}{name.upper()} {text}"


def allowed_range(field: FieldInfo) -> str:
    """Return what a number may be, in words; empty for what is no number."""
    kinds = _kinds(field.annotation)
    if not kinds & {int, float}:
        return ""
    words = ["a whole number" if int in kinds else "a number"]
    for bound in field.metadata:
        match bound:
            case annotated_types.Ge(ge=least):
                words.append(f"from {least}")
            case annotated_types.Gt(gt=least):
                words.append(f"above {least}")
            case annotated_types.Le(le=most):
                words.append(f"up to {most}")
            case _:
                pass
    return " ".join(words)


def listed(group: BaseModel, prefix: str) -> dict[str, str]:
    """Return each setting of a group with its value and what it is, by its variable."""
    lines: dict[str, str] = {}
    for name, field in type(group).model_fields.items():
        about = (field.description or "").rstrip(".")
        about += f"; {allowed_range(field)}." if allowed_range(field) else "."
        variable = f"{prefix}{name.upper()}"
        lines[variable] = f"{variable}={shown(getattr(group, name), field)}\n    {about}"
    return lines


def shown(value: object, field: FieldInfo) -> str:
    """Return what of a setting's value may be seen by whoever looks over a shoulder.

    Tokens and database URLs: whether they are set. Other addresses: without user, password and query.
    """
    if value is None:
        return "not set"
    if {SecretStr, DatabaseUrl} & _kinds(field.annotation):
        return "set"
    if isinstance(value, tuple):
        times = (each for each in value if isinstance(each, timedelta))
        return ",".join(f"{each / timedelta(seconds=1):g}s" for each in times) or " ".join(value)
    return without_secrets(str(value))


def _kinds(annotation: object) -> set[object]:
    """The types that a union is made of."""
    if get_origin(annotation) in {Union, UnionType}:
        return set(get_args(annotation)) - {type(None)}
    return {annotation}

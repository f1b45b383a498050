"""A job's form in the queue: its name, and its version `v` with its fields as JSON.

`read(name_of(type(job)), args_of(job)) == job`. Jobs of older versions are upcast on reading. A worker
fetches only what it can read; a job of another name or version waits for a worker that knows it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from takeback.jobs import JOBS, VERSION, Job

Args = Mapping[str, object]


def name_of(cls: type[Job]) -> str:
    """Return a job's name in the queue, such as "look_back"."""
    return cls.policy.name or re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


_ADAPTERS: Mapping[str, TypeAdapter[Any]] = {name_of(cls): TypeAdapter(cls) for cls in JOBS}

_UPCASTERS: Mapping[tuple[str, int], Callable[[Args], Args]] = {
    ("follow", 0): lambda args: {"event": args["fact"]},
}
"""By name and version: the arguments of the next version. Without one, they stay as they are."""

KNOWN: tuple[str, ...] = tuple(f"{name}:{version}" for name in _ADAPTERS for version in range(VERSION + 1))
"""Every name and version that `read` reads, as `store` compares them."""


def args_of(job: Job) -> dict[str, Any]:
    """Return what the queue keeps beside the name."""
    return {"v": VERSION, **_ADAPTERS[name_of(type(job))].dump_python(job, mode="json")}


def read(name: str, args: Args) -> Job:
    """Return the job of a row of `KNOWN`. Raises ValueError for any other."""
    version = args.get("v", 0)
    if f"{name}:{version}" not in KNOWN or not isinstance(version, int):
        raise ValueError(f"no job {name!r} of version {version!r} is known")
    fields = {key: value for key, value in args.items() if key != "v"}
    try:
        for each in range(version, VERSION):
            fields = _UPCASTERS.get((name, each), dict)(fields)
        return _ADAPTERS[name].validate_python(fields)
    except (KeyError, ValidationError) as error:
        raise ValueError(f"{name}: not the arguments of this job: {sorted(args)}") from error

"""The API's answers as types: they are the contract that /openapi.json describes."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from takeback.signals.model import HASH_BYTES


class HashQuestion(BaseModel):
    """A question about a picture by its hash."""

    model_config = ConfigDict(extra="forbid")

    pdq: Annotated[
        str,
        Field(
            pattern=rf"^[0-9a-fA-F]{{{2 * HASH_BYTES}}}$",
            description="PDQ of the picture as shown, 64 hexadecimal digits, most significant bit first.",
        ),
    ]


class Answer(BaseModel):
    """The answer whether the picture is known."""

    known: Annotated[
        bool,
        Field(
            description="True if it shows a picture that a reviewer decided about: block it. What was only "
            "reported is answered as what nobody reported."
        ),
    ]
    status: Annotated[
        Literal["active"] | None,
        Field(description="active: known. null: not known. There is no other answer."),
    ]
    quality: Annotated[
        int | None,
        Field(
            ge=0,
            le=100,
            description="How much detail the picture has; below 50 only pictures in it can be known.",
        ),
    ]


class Fault(BaseModel):
    """A fault, in a word and a sentence."""

    code: Annotated[str, Field(description="A stable word for programs.")]
    message: Annotated[str, Field(description="A sentence for people.")]


class Failed(BaseModel):
    """The body of every answer that is not a success."""

    error: Fault


class StreamCounts(BaseModel):
    """The state of one platform's watchers."""

    streams: Annotated[int, Field(description="Streams that have no end.")]
    oldest_move_seconds: Annotated[
        float,
        Field(
            description="Since the one that lags most was last watched, by the database's clock; below 0: "
            "that clock was set back."
        ),
    ]


class Health(BaseModel):
    """The state of the service."""

    status: Literal["ok", "degraded", "failing"]
    database: bool
    jobs_waiting: int | None
    oldest_job_seconds: Annotated[
        float | None, Field(description="How long the oldest job that is due waits.")
    ]
    watchers: dict[str, StreamCounts]
    troubles: Annotated[
        list[str], Field(description="What keeps platforms from being watched, in sentences; worst first.")
    ] = []


class Problem(Exception):
    """A refusal: becomes a `Failed` body. `wait` says when to come back, if that helps."""

    def __init__(self, status: int, code: str, message: str, wait: timedelta | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.fault = Fault(code=code, message=message)
        self.wait = wait

"""Settings, from `TAKEBACK_...` environment variables or a `.env` file; every one has a default that works on
one machine, except those that name a platform.

Two classes, because the public portal is a process of its own that must not be given what it must not know:
`PortalSettings` names no platform, no token and no private key. Variables of accounts on platforms are only
collected here; `takeback.platforms` reads them.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    SettingsConfigDict,
)

from takeback.errors import ConfigurationError
from takeback.infra.settings_form import (
    PREFIX,
    Accounts,
    Address,
    DatabaseUrl,
    Host,
    Origin,
    Place,
    is_of_a_platform,
    wrong_names,
    wrong_value,
)
from takeback.zones import zone_of

_CONFIG = SettingsConfigDict(
    env_prefix="TAKEBACK_", env_file=".env", extra="ignore", hide_input_in_errors=True
)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DAY = 86_400
_YEARS = 36_500
"""Days: a hundred years, which is "for ever" here."""
INTERNAL = frozenset(
    {
        "TAKEBACK_PARENT_PIPE",
        "TAKEBACK_LISTENER",
        "TAKEBACK_NATIVE",
    }
)
"""What `serve` and `bench load` set for their own children, and tests for the index. No operator sets it."""


def durations(value: object) -> object:
    """Read "90s,1h,7d" as times; anything but text is left to the type's own rules."""
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    found = [re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", part) for part in parts]
    if not all(found):
        raise ValueError("must be times as 90s, 15m, 1h or 7d, with commas between them")
    seconds = [float(m[1]) * _SECONDS[m[2]] for m in found if m]
    if not all(0 < each <= _YEARS * _DAY for each in seconds):
        raise ValueError("must be times above 0 and up to a hundred years")
    return tuple(timedelta(seconds=each) for each in seconds)


def a_zone(name: str) -> str:
    """The name of a time zone. Raises ValueError for what is none."""
    zone_of(name)
    return name


Durations = Annotated[tuple[timedelta, ...], NoDecode, BeforeValidator(durations)]


class _Checked(BaseSettings):
    """Settings that are checked as a whole: everything that is wrong is said at once.

    Raises ConfigurationError.
    """

    model_config = _CONFIG

    def __init__(self, **values: object) -> None:
        wrong = [] if values.get("_env_file", self) is None else _names_that_are_wrong()
        try:
            super().__init__(**values)  # pyrefly: ignore[bad-argument-type] -- checked by pydantic
        except ValidationError as error:
            fields = type(self).model_fields
            wrong += [wrong_value(each, fields) for each in error.errors(include_url=False)]
        if wrong:
            raise ConfigurationError("; ".join(wrong))


class PortalSettings(_Checked):
    """What the public portal's process knows."""

    portal_database_url: DatabaseUrl | None = Field(
        None, description="libpq URL of the role takeback_portal; default: the embedded PostgreSQL."
    )
    portal_host: Host = Field("127.0.0.1", description="Address that the portal binds to.")
    portal_port: int = Field(8180, ge=1, le=65535, description="Port of the portal.")
    portal_origins: str | None = Field(
        None,
        description="Addresses by which people reach the portal, as https://report.example and "
        "http://...onion with commas between them; requests for another host are turned away. Default: "
        "loopback.",
    )
    portal_keys: Path = Field(
        Path("data/keys/portal"), description="Folder with the portal's pepper and the intake's public key."
    )
    service_name: str = Field("Takeback", description="The name that people read on every page.")
    leave_url: Place = Field("/weather", description="Where 'Leave this page' leads; a neutral page.")
    house_clock_hours: float = Field(
        24.0,
        gt=0,
        le=8760,
        allow_inf_nan=False,
        description="The house's own deadline from report to removal.",
    )
    portal_links: str | None = Field(
        None,
        description="Which links the connected platforms follow, as `takeback links` prints it; empty: none. "
        "`takeback serve` fills it in.",
    )
    portal_onion: str | None = Field(
        None,
        pattern=r"^[a-z2-7]{56}\.onion$",
        description="The portal's onion address, as NAME.onion: all who come by it are counted as one crowd.",
    )


class Settings(_Checked):
    """What the console, the API, the workers and the watchers know."""

    data: Path = Field(Path("data"), description="Folder for keys and the embedded PostgreSQL.")
    database_url: DatabaseUrl | None = Field(
        None, description="libpq URL of the owner; default: an embedded PostgreSQL in the data folder."
    )
    portal_host: Host = Field("127.0.0.1", description="Address that the portal binds to.")
    portal_port: int = Field(8180, ge=1, le=65535, description="Port of the portal.")
    portal_connections: int = Field(
        18,
        ge=2,
        le=1000,
        description="Connections to the database that all portal processes together may have; one takes at "
        "most nine.",
    )
    console_host: Host = Field("127.0.0.1", description="Address that the console binds to.")
    console_port: int = Field(8181, ge=1, le=65535, description="Port of the console.")
    console_origin: Origin | None = Field(
        None,
        description="Public origin of the console, as https://console.example; passkeys are bound to it. "
        "Default: http://localhost:PORT.",
    )
    api_host: Host = Field("127.0.0.1", description="Address that the machine API binds to.")
    api_port: int = Field(8182, ge=1, le=65535, description="Port of the machine API.")
    api_origins: str | None = Field(
        None,
        description="Addresses by which programs reach the machine API, as https://api.example, with commas "
        "between them; requests for another host are turned away. Default: loopback.",
    )
    portal_address: str | None = Field(
        None,
        description="Where people find the portal, as https://report.example: links for many reports begin "
        "with it. Default: http://localhost:PORT.",
    )
    service_name: str = Field("Takeback", description="The name that staff read on every page.")
    ledger_origin: str = Field(
        "takeback.example/ledger",
        description="The log's name in its signed checkpoints; never change it afterwards.",
    )
    witness_policy: Path | None = Field(
        None,
        description="File in C2SP tlog-policy format with the log's witnesses, their addresses and the "
        "quorum; default: nobody witnesses.",
    )
    timestamp_authorities: Place | None = Field(
        None,
        description="Time-stamping authorities (RFC 3161), as name=URL with commas between them; default: "
        "nothing is timestamped.",
    )
    timestamp_roots: Path | None = Field(
        None,
        description="Folder with the root certificates of each authority, NAME.pem. Default: authorities in "
        "the data folder.",
    )
    timestamp_every: float = Field(
        60.0,
        gt=0,
        le=30 * _DAY,
        allow_inf_nan=False,
        description="Least seconds between two timestamps by one authority.",
    )
    beacon: Address | None = Field(
        None,
        description="Address of a drand chain, as https://api.drand.sh/HASH, whose public randomness is put "
        "into each checkpoint; default: none.",
    )

    connectors: Accounts | None = Field(
        None,
        description="Accounts that are connected, as matrix, or matrix:main matrix:second. Default: none.",
    )
    _of_platforms: dict[str, str] = PrivateAttr(default_factory=dict)

    undo_seconds: float = Field(
        10.0,
        ge=0,
        le=_DAY,
        allow_inf_nan=False,
        description="How long a decision can be undone before it takes effect.",
    )
    recheck_after: Durations = Field(
        tuple(timedelta(hours=h) for h in (1, 24, 48, 7 * 24, 30 * 24)),
        description="When copies are looked for again after they were found gone.",
    )
    house_clock_hours: float = Field(
        24.0,
        gt=0,
        le=8760,
        allow_inf_nan=False,
        description="The house's own deadline from report to removal.",
    )
    breaker_removals: int = Field(
        50,
        ge=1,
        le=100_000,
        description="Copies that may be removed within an hour for one case without a person having seen "
        "them; automatic removal pauses before the next one.",
    )
    breaker_posters: int = Field(
        20,
        ge=1,
        le=100_000,
        description="Accounts whose copies may be removed for one case without a person having seen them; "
        "automatic removal pauses before the next one.",
    )
    breaker_answer_minutes: float = Field(
        60.0,
        ge=1,
        le=7 * 24 * 60,
        allow_inf_nan=False,
        description="Minutes within which a person should say whether a paused automatic removal goes on.",
    )
    flood_reports: int = Field(
        10,
        ge=1,
        le=100_000,
        description="Reports that may come from one network within ten minutes; more are held together until "
        "a person looked.",
    )
    seed_copies: int = Field(
        200,
        ge=1,
        le=100_000,
        description="Posts that one reported picture may bring into its case before a person has looked.",
    )
    time_zone: Annotated[str, AfterValidator(a_zone)] = Field(
        "UTC", description="Zone whose times stand beside those in UTC on certificates, as Asia/Seoul."
    )

    well_known: Path | None = Field(
        None,
        description="Text file with hashes of pictures that everybody shares, one of 64 hexadecimal digits a "
        "line: none of them can be banked.",
    )
    decoders: int = Field(
        2,
        ge=1,
        le=64,
        description="Child processes that decode cheap pictures, and as many for clips and documents.",
    )
    decode_seconds: float = Field(
        20.0,
        gt=0,
        le=600,
        allow_inf_nan=False,
        description="Seconds that one picture may take to decode; three times as long in the slow lane.",
    )
    max_media_bytes: int = Field(
        50_000_000, ge=1, le=2_000_000_000, description="Largest picture that is fetched, in bytes."
    )
    workers: int = Field(4, ge=1, le=64, description="Background jobs at a time in one worker process.")
    heartbeat_seconds: float = Field(
        5.0,
        gt=0,
        le=600,
        allow_inf_nan=False,
        description="How often a worker says that it lives; one that is silent for three times as long "
        "loses its jobs to others.",
    )
    lease_seconds: float = Field(
        10.0,
        gt=0,
        le=600,
        allow_inf_nan=False,
        description="How long a watcher holds a stream without renewing it.",
    )
    watch_threads: int = Field(
        12,
        ge=2,
        le=256,
        description="Streams of one platform that a watcher reads at the same time; others take turns.",
    )

    sightings_hot_days: int | None = Field(
        None,
        ge=1,
        le=_YEARS,
        description="Days after which sightings move from the database to Parquet files; default: never. "
        "Needs the extra: pip install takeback[sweep].",
    )
    sightings_keep_days: int = Field(
        365,
        ge=1,
        le=_YEARS,
        description="Days after which sightings are deleted, unless a match or a case needs them.",
    )
    blobs: Place | None = Field(
        None,
        description="Where files are kept: a folder, or s3://bucket/prefix with credentials from the usual "
        "environment. Default: blobs in the data folder.",
    )
    investigation_keep_days: int = Field(
        14,
        ge=1,
        le=_YEARS,
        description="Days after which what was captured in a place under investigation is shredded, unless "
        "it became part of a case; and copies that a reviewer said are no evidence.",
    )
    working_copy_days: int = Field(
        3,
        ge=1,
        le=7,
        description="Days for which reviewers can have a copy of what was captured, sealed to their key, if "
        "the directory of recipients has one.",
    )
    watched_every: float = Field(
        60.0,
        gt=0,
        le=_DAY,
        allow_inf_nan=False,
        description="Seconds between two heartbeats in the log, for each stream that is watched.",
    )
    recipients: Path | None = Field(
        None,
        description="Text file that names who can open evidence, with their public keys. Default: "
        "recipients.txt in the data folder; while there is none, no evidence is captured.",
    )
    strict: bool = Field(
        default=False,
        description="Raise where something outside is asked while a transaction is open, not only log it: "
        "for tests and the demo.",
    )
    ray_address: Place | None = Field(
        None, description="Address of a Ray cluster that sweeps older days; default: this machine does."
    )

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        self._of_platforms = of_platforms(file=values.get("_env_file", self) is not None)

    @property
    def of_platforms(self) -> Mapping[str, str]:
        """The variables of accounts, which their platforms read."""
        return self._of_platforms

    @property
    def portal_url(self) -> str:
        """Return where people find the portal."""
        return (self.portal_address or f"http://localhost:{self.portal_port}").rstrip("/")

    @property
    def console_url(self) -> str:
        """Return where staff find the console."""
        return (self.console_origin or f"http://localhost:{self.console_port}").rstrip("/")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        """Raises ValueError for settings of which each is right and both together are not."""
        others = (self.portal_host, self.portal_port), (self.console_host, self.console_port)
        if len({*others, (self.api_host, self.api_port)}) <= len(others):
            raise ValueError(
                "TAKEBACK_PORTAL_PORT, TAKEBACK_CONSOLE_PORT and TAKEBACK_API_PORT must be different"
            )
        if self.sightings_hot_days is not None and self.sightings_hot_days >= self.sightings_keep_days:
            raise ValueError(
                "TAKEBACK_SIGHTINGS_HOT_DAYS must be below TAKEBACK_SIGHTINGS_KEEP_DAYS "
                f"({self.sightings_keep_days})"
            )
        return self


def every_name() -> frozenset[str]:
    """The names of all settings."""
    groups = Settings, PortalSettings
    return frozenset(f"{PREFIX}{name.upper()}" for group in groups for name in group.model_fields)


def of_platforms(*, file: bool = True) -> dict[str, str]:
    """Return the variables of accounts by their names. Raises ConfigurationError: .env cannot be read."""
    return {name: value for name, value in given(file=file).items() if is_of_a_platform(name)}


def _names_that_are_wrong() -> list[str]:
    """Of all variables but those of accounts. Raises ConfigurationError."""
    ours = {name: value for name, value in given().items() if not is_of_a_platform(name)}
    return sorted(wrong_names(ours, every_name() | INTERNAL))


def given(*, file: bool = True) -> dict[str, str]:
    """All variables, by their names in capitals; the environment wins. Raises ConfigurationError."""
    try:
        sources = [EnvSettingsSource(Settings), *([DotEnvSettingsSource(Settings)] if file else [])]
        return {
            name.upper(): value or ""
            for source in reversed(sources)
            for name, value in source.env_vars.items()
        }
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot read the file .env: {type(error).__name__}") from error

"""The platforms that registered themselves, and the accounts that the settings connect.

Only the platforms of these accounts are imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points

from pydantic import BaseModel, ValidationError

from takeback.connectors.api import Connector
from takeback.connectors.platform import Account, Platform
from takeback.errors import ConfigurationError
from takeback.infra.config import PortalSettings, Settings, every_name, given, of_platforms
from takeback.infra.settings_form import PLATFORMS, account_names, platform_names, wrong_names, wrong_value


@dataclass(frozen=True, slots=True)
class Configured:
    """An account with its settings, not connected yet."""

    account: Account
    platform: Platform[BaseModel]
    settings: BaseModel


def connect(settings: Settings) -> dict[str, Connector]:
    """Return a connector for each account, by its name. No platform is asked. Raises ConfigurationError."""
    found = read_accounts(settings.connectors, settings.of_platforms)
    return {each.account.name: each.platform.connect(each.settings, each.account) for each in found}


def followed_links(settings: Settings) -> str:
    """Return one regular expression that fits the links which the connected platforms follow; empty: none.

    No platform is asked. Raises ConfigurationError.
    """
    connectors = connect(settings).values()
    forms = dict.fromkeys(form for connector in connectors for form in connector.capabilities().links)
    for connector in connectors:
        connector.close()
    return "|".join(f"(?:{form})" for form in forms)


def all_settings() -> tuple[Settings, PortalSettings, tuple[Configured, ...]]:
    """Read the settings of all processes and accounts. Raises ConfigurationError with all that is wrong."""
    wrong: list[str] = []
    found: list[object] = []
    for read in (Settings, PortalSettings, _accounts_alone):
        try:
            found.append(read())
        except ConfigurationError as error:
            wrong += str(error).split("; ")
    match found:
        case [Settings() as settings, PortalSettings() as portal, tuple(accounts)]:
            return settings, portal, accounts
        case _:
            raise ConfigurationError("; ".join(dict.fromkeys(wrong)))


def _accounts_alone() -> tuple[Configured, ...]:
    """Read accounts, whatever is wrong with other settings. Raises ConfigurationError."""
    said = given().get("TAKEBACK_CONNECTORS")
    try:
        names = None if said is None else account_names(said)
    except ValueError:
        return ()  # as Settings says
    return read_accounts(names, of_platforms())


def read_accounts(names: tuple[str, ...] | None, variables: Mapping[str, str]) -> tuple[Configured, ...]:
    """Read the settings of accounts.

    Args:
        names: of the accounts; None: those that are implied, see `Platform.implied_by`.
        variables: of all accounts.

    Raises:
        ConfigurationError: with all that is wrong.
    """
    found, wrong, known = list[Configured](), list[str](), every_name()
    for name in _mentioned(variables) if names is None else names:
        account = Account(name)
        try:
            platform = load(name.partition(":")[0])
        except ConfigurationError as error:
            wrong.append(str(error))
            continue
        fields = platform.settings.model_fields
        own = {account.variable(field): field for field in fields}
        wrong += [
            f"{each} is a setting of {name} and another one: name the account otherwise"
            for each in own.keys() & known
        ]
        known |= own.keys()
        if names is None and account.variable(platform.implied_by) not in variables:
            continue
        values = {field: variables[each] for each, field in own.items() if variables.get(each, "").strip()}
        try:
            found.append(Configured(account, platform, platform.settings.model_validate(values)))
        except ValidationError as error:
            wrong += [wrong_value(each, fields, account.prefix) for each in error.errors(include_url=False)]
    wrong += wrong_names(variables, known)
    if wrong:
        raise ConfigurationError("; ".join(dict.fromkeys(wrong)))
    return tuple(found)


def _mentioned(variables: Mapping[str, str]) -> list[str]:
    """The platforms that a variable begins with."""
    return [
        name for name in platform_names() if any(each.startswith(Account(name).prefix) for each in variables)
    ]


def load(name: str) -> Platform[BaseModel]:
    """Import a registered platform. Raises ConfigurationError: there is none, or it is broken."""
    match list(entry_points(group=PLATFORMS, name=name)):
        case []:
            known = ", ".join(platform_names()) or "none"
            raise ConfigurationError(
                f"TAKEBACK_CONNECTORS names the platform {name}, which is not installed (installed: {known})"
            )
        case [entry]:
            pass
        case several:
            packages = " and ".join(sorted(each.dist.name if each.dist else "?" for each in several))
            raise ConfigurationError(f"the platform {name} is registered twice, by {packages}: remove one")
    try:
        platform = entry.load()
    except Exception as error:
        raise ConfigurationError(
            f"the platform {name} ({entry.value}) cannot be imported: {type(error).__name__}"
        ) from error
    if not isinstance(platform, Platform):
        raise ConfigurationError(
            f"the platform {name} ({entry.value}) is no takeback.connectors.platform.Platform"
        )
    return platform

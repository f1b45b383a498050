"""The trust file that belongs to this log: whom a stranger has to believe to check its packages.

It must reach the stranger by another way than the package does; it is written here because nobody else knows
the log's keys, its witnesses and its authorities as well.
"""

from takeback.app import KEYS_FOLDER, authorities
from takeback.infra.config import Settings
from takeback.infra.ledger.keys import read_verifiers
from takeback.infra.ledger.witnesses import load_policy
from takeback_verify.core.policy import Policy
from takeback_verify.core.policy_text import format_policy
from takeback_verify.core.trust import Authority, Trust

ENOUGH = 2
"""Authorities that must have stamped an anchor, where so many are configured."""


def trust_of(settings: Settings) -> Trust:
    """The trust file's content, from the log's keys and the settings.

    Raises:
        ConfigurationError: no log was started here, or a file that a setting names is not what it should be.
    """
    stamping = tuple(Authority(each.name, each.roots) for each in authorities(settings))
    return Trust(stamping, format_policy(policy_of(settings)), min(len(stamping), ENOUGH))


def policy_of(settings: Settings) -> Policy:
    """The log's keys, with the witnesses and the quorum of the policy file. Raises ConfigurationError."""
    return load_policy(settings.witness_policy, read_verifiers(settings.data / KEYS_FOLDER))

"""A check that the portal's two keys are those of the database that it puts reports into.

A report that is sealed to another database's key can be opened by nobody, and its receipt finds nothing.
"""

from pathlib import Path

import psycopg

from takeback.errors import ConfigurationError, NotReady
from takeback.infra.db.refusal import cannot_reach
from takeback.infra.vault.seal import PEPPER_FILE, RECIPIENT_FILE, load_recipient, which_key
from takeback.submissions.receipt import load_pepper


def check(database_url: str, folder: Path) -> None:
    """Compare the keys in `folder` with the database's own, as the role takeback_portal.

    Raises:
        ConfigurationError: a key is missing, damaged or another database's.
        NotReady: the database does not answer, or its schema is older than this program.
    """
    shown = {RECIPIENT_FILE: load_recipient(folder), PEPPER_FILE: which_key(load_pepper(folder).hex())}
    try:
        with psycopg.connect(database_url) as connection:
            for name, public in shown.items():
                row = connection.execute("select keyring_fits(%s, %s)", (f"portal/{name}", public)).fetchone()
                if row is not None and row[0] is False:
                    raise ConfigurationError(
                        f"the key {folder / name} belongs to another database than "
                        "TAKEBACK_PORTAL_DATABASE_URL; copy the folder keys/portal from the machine that "
                        "runs the workers again"
                    )
    except psycopg.errors.UndefinedFunction as error:
        raise NotReady(
            "the database's schema is older than this portal; start a worker first, or run `takeback migrate`"
        ) from error
    except psycopg.OperationalError as error:
        raise cannot_reach(error, database_url) from None  # the cause may quote the URL

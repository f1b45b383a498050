"""The portal as a process: `python -m takeback.entrypoints.portal`.

It is given the address of a database and its own folder of keys, and nothing else. Nothing is written
about who came: no access log, and the server does not say what it is.
"""

from takeback.entrypoints.portal import own_keys
from takeback.entrypoints.portal.app import create_app
from takeback.errors import ConfigurationError
from takeback.infra import process
from takeback.infra.config import PortalSettings
from takeback.infra.db.pool import Database
from takeback.infra.http.serving import run

CONNECTIONS = 8


def serve(settings: PortalSettings, database_url: str) -> None:
    """Serve, as the role takeback_portal, until told to stop (SIGTERM or Ctrl-C).

    Raises:
        ConfigurationError: the portal's keys are missing, damaged or another database's.
        NotReady: the database does not answer.
    """
    own_keys.check(database_url, settings.portal_keys)
    with Database(database_url, max_size=CONNECTIONS) as database:
        app = create_app(settings, database)
        run(app, settings.portal_host, settings.portal_port)


def main() -> None:
    """Serve with settings from the environment."""
    process.begin()
    settings = PortalSettings()
    if settings.portal_database_url is None:
        raise ConfigurationError(
            "the portal on its own needs TAKEBACK_PORTAL_DATABASE_URL, the URL of the role takeback_portal; "
            "`takeback serve` gives it that by itself"
        )
    if settings.portal_links is None:
        raise ConfigurationError(
            "the portal on its own needs TAKEBACK_PORTAL_LINKS, so that it can say which links nobody here "
            "can follow; `takeback links` prints it on the machine that runs the worker"
        )
    serve(settings, settings.portal_database_url)


if __name__ == "__main__":
    main()

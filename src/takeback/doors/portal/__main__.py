"""`python -m takeback.doors.portal`: the public pages, in a process that knows nothing else."""

import sys

from takeback.doors.portal.app import create_app
from takeback.ground import process
from takeback.ground.config import PortalSettings
from takeback.ground.db.pool import Database

if __name__ == "__main__":
    process.begin()
    settings = PortalSettings()
    if settings.portal_database_url is None:
        sys.exit("takeback portal: set TAKEBACK_PORTAL_DATABASE_URL to a URL of the role takeback_portal")
    with Database(settings.portal_database_url) as database:
        process.serve_http(create_app(settings, database), settings.portal_host, settings.portal_port)

"""`python -m takeback.doors.console`: the staff's pages."""

from takeback.app import open_app
from takeback.doors.console.app import create_app
from takeback.ground import process
from takeback.ground.config import Settings
from takeback.ground.http.serving import run

if __name__ == "__main__":
    process.begin()
    with open_app(Settings()) as app:
        run(create_app(app), app.settings.console_host, app.settings.console_port)

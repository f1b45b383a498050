"""`python -m takeback.entrypoints.console`: the staff's pages."""

from takeback.app import open_app
from takeback.doctor.examination import begin_at_start, subject_of
from takeback.entrypoints.console.app import create_app
from takeback.infra import process
from takeback.infra.config import Settings
from takeback.infra.http.serving import run
from takeback.keyring import service as keyring

if __name__ == "__main__":
    process.begin()
    with open_app(Settings(), keyring.STAFF) as app:
        begin_at_start(subject_of(app))
        run(create_app(app), app.settings.console_host, app.settings.console_port)

"""`python -m takeback.entrypoints.api`: the machine API."""

from takeback.app import open_app
from takeback.doctor.examination import begin_at_start, subject_of
from takeback.entrypoints.api.app import create_app
from takeback.infra import process
from takeback.infra.config import Settings
from takeback.infra.http.serving import run

if __name__ == "__main__":
    process.begin()
    with open_app(Settings()) as app:
        begin_at_start(subject_of(app))
        run(create_app(app), app.settings.api_host, app.settings.api_port)

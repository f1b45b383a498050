"""`python -m takeback.doors.api`: the machine API."""

from takeback.app import open_app
from takeback.doctor.examination import begin_at_start, subject_of
from takeback.doors.api.app import create_app
from takeback.ground import process
from takeback.ground.config import Settings
from takeback.ground.http.serving import run

if __name__ == "__main__":
    process.begin()
    with open_app(Settings()) as app:
        begin_at_start(subject_of(app))
        run(create_app(app), app.settings.api_host, app.settings.api_port)

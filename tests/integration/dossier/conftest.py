"""A house that keeps evidence, with a case that came to its end."""

from datetime import UTC, datetime, timedelta

import pytest

from evidence import a_sealer
from house import picture
from receipts import SMALL, Her
from takeback.dossier import receipt_download
from takeback.infra.db.pool import Database
from takeback.submissions import package

HERS, ANOTHERS = picture(1), picture(2)


@pytest.fixture
def sealer(tmp_path, people):
    """Seals to them."""
    return a_sealer(tmp_path, people)


@pytest.fixture
def case(house, platform, time):
    """Some hours ago: posted, reported, captured, decided, removed, looked for again."""
    time.advance(timedelta(hours=-3))  # authorities outside know what time it is
    platform.post(HERS)
    platform.post(ANOTHERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    house.after(hours=1, steps=2)
    assert house.status(report) == "removed"
    time.set(datetime.now(UTC))
    return house.case_of(report)


@pytest.fixture
def portal(postgres, database_url):
    """The database as the portal has it."""
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    with Database(postgres.url_of(name, "takeback_portal"), max_size=2) as opened:
        yield opened


@pytest.fixture
def her(house, case, portal, monkeypatch):
    """Her, whose case came to its end."""
    for room in (receipt_download, package):
        monkeypatch.setattr(room, "PIECE_BYTES", SMALL)
    [report] = house.receipts
    return Her(house, portal, house.receipts[report], case)

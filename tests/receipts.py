"""The person concerned, with her receipt, at the portal."""

import waiting
from takeback.infra.vault import keys
from takeback.submissions import package, submit
from takeback.submissions.receipt import load_pepper

SMALL = 16 * 1024
"""Bytes: a package of a small case has several pieces."""


class Her:
    """The person concerned, with her receipt, at the portal."""

    def __init__(self, house, database, receipt, case=None) -> None:
        self.house, self.database, self.receipt, self.case = house, database, receipt, case
        self.pepper = load_pepper(house.folder / keys.PORTAL_FOLDER)

    def asks(self) -> None:
        package.ask(self.database, self.pepper, self.receipt)

    def sees(self):
        """How the evidence stands."""
        found = submit.status(self.database, self.pepper, self.receipt)
        assert found is not None
        return found.evidence

    def states(self) -> list[str]:
        """Of her packages, the newest first."""
        return [each.state for each in self.sees().packages]

    def takes_out(self) -> bytes:
        newest = self.sees().packages[0]
        size = newest.size or self.house.query("select max(size) from dossier_package")[0][0] or SMALL
        asked = newest.dossier or self.receipt_of_nothing()
        return b"".join(package.pieces(self.database, self.pepper, self.receipt, asked, size))

    def receipt_of_nothing(self):
        return self.house.query("select gen_random_uuid()")[0][0]

    def waits(self) -> bytes:
        """Until it is ready; the package."""
        waiting.until(lambda: self.house.after(seconds=1) or self.states()[0] != "asked", timeout=60)
        assert self.states()[0] == "ready"
        return self.takes_out()

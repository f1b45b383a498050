"""pyHanko seals without the second HTTP client that it asks for."""

import subprocess
import sys

SEAL = """
import io, sys
from datetime import datetime, timezone
from pathlib import Path
from reportlab.pdfgen.canvas import Canvas
sys.path = [each for each in sys.path if each]
asked = []
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"aiohttp", "requests", "urllib3", "httpx", "yarl"}:
            asked.append(name)
sys.meta_path.insert(0, Watch())
from takeback.dossier import collecting
from takeback.dossier.sealing import DocumentSealer
out = io.BytesIO()
page = Canvas(out)
page.showPage()
page.save()
sealer = DocumentSealer(Path(sys.argv[1]), "test", datetime.now(timezone.utc))
assert b"ETSI.CAdES.detached" in sealer.seal(out.getvalue())
client = sys.modules["aiohttp"]
assert not asked and not hasattr(client, "ClientTimeout") and client.__spec__ is None, asked
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko_certvalidator.fetchers.aiohttp_fetchers.util import LazySession
try:
    LazySession().get_session()
except AttributeError:
    print("cannot be reached")
"""


def test_a_pdf_is_sealed_and_no_client_but_ours_is_imported_or_can_be_made(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SEAL, tmp_path], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "cannot be reached\n"), done.stderr

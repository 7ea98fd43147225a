"""Write the pages of docs as a static site: python -m tools.docs_site [FOLDER], by default build/site."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.docs_site.site import ROOT, build

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site"
    count = build(ROOT / "docs", folder)
    print(f"{count} pages in {folder}; open {folder / 'index.html'}")

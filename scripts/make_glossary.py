"""Write the page of the documentation that explains the words of results: docs/glossary.md.

python scripts/make_glossary.py
"""

from __future__ import annotations

from pathlib import Path

from homotopy_lcn.display.glossary import glossary_page

PAGE = Path(__file__).resolve().parents[1] / "docs" / "glossary.md"

if __name__ == "__main__":
    PAGE.write_text(glossary_page(), encoding="utf-8")

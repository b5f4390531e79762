"""Make the pictures of docs/gallery.md, by running the commands of that page.

python scripts/make_gallery.py
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "gallery.md"
FOLDER = ROOT / "docs" / "gallery"


def commands() -> list[list[str]]:
    """The commands of the page, without the name of the program."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]


def pictures() -> list[str]:
    """The names of the pictures of the page that lie in the folder of the gallery."""
    return re.findall(r"\]\(gallery/([\w.-]+)\)", PAGE.read_text(encoding="utf-8"))


def main() -> None:
    """Run the commands in a folder of their own, and take the pictures from there."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "data", Path(folder) / "data")
        for arguments in commands():
            subprocess.run([sys.executable, "-m", "homotopy_lcn", *arguments], cwd=folder, check=True)
        for name in pictures():
            shutil.copy(Path(folder) / name, FOLDER / name)


if __name__ == "__main__":
    main()

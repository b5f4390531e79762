"""Draw docs/report.png, the picture of a report in the README; needs Playwright and Chromium.

python scripts/make_report_picture.py
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from homotopy_lcn import Architecture, SquaredLoss, critical_points, report

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT, SCALE = 1240, 1180, 0.72


def main() -> None:
    """Solve, write the report, and photograph its upper part."""
    architecture = Architecture(filters=(2, 2, 2), strides=(1, 2, 1))
    rng = np.random.default_rng(3)
    loss = SquaredLoss.from_data(rng.normal(size=(200, 5)), rng.normal(size=(200, 1)), architecture)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "report.html"
        report(critical_points(architecture, loss, seed=3), page_file)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE, color_scheme="light"
        )
        page.goto(page_file.as_uri())
        page.wait_for_selector("html[data-ready=yes]", state="attached", timeout=120_000)
        page.screenshot(path=ROOT / "docs" / "report.png")
        browser.close()


if __name__ == "__main__":
    main()

"""The report in a headless Chromium: it opens, sorts, filters, its pictures react, and it asks the network for nothing.

Needs Playwright for Python and a Chromium on the path, or at HOMOTOPY_LCN_CHROMIUM; where that variable is set, a
missing browser is an error.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.pictures import report_pictures
from homotopy_lcn.results.points import CriticalPoint
from homotopy_lcn.results.result import CriticalPoints
from tests.special_data import curve_of_minima

ASKED = os.environ.get("HOMOTOPY_LCN_CHROMIUM")
CHROMIUM = ASKED or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if ASKED:
    from playwright import sync_api
else:
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed", allow_module_level=True)
pytest.importorskip("plotly")

DESKTOP = {"width": 1280, "height": 900}
ROWS = "#table tbody tr.point"


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--enable-unsafe-swiftshader"]
        )
        yield chromium
        chromium.close()


def solved(filters, strides, samples=60):
    arch = hl.Architecture(filters, strides)
    rng = np.random.default_rng(0)
    loss = hl.SquaredLoss.from_data(rng.normal(size=(samples, arch.filter_size)), rng.normal(size=(samples, 1)), arch)
    return hl.critical_points(arch, loss, seed=0)


@pytest.fixture(scope="module")
def result():
    return solved((2, 2, 2), (1, 2, 1))


@pytest.fixture(scope="module")
def report(result, tmp_path_factory):
    """The page with all pictures, the surface of the slice coarse."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_pictures, "SURFACE_RESOLUTION", 8)
        path = tmp_path_factory.mktemp("report") / "report.html"
        hl.report(result, path)
    return path


class Visit:
    """A page opened in a context of its own, with what went wrong there."""

    def __init__(self, browser, path, viewport=DESKTOP, **options):
        self.context = browser.new_context(viewport=viewport, **options)
        self.page = self.context.new_page()
        self.errors, self.requests, self.dialogs = [], [], []
        self.page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready=yes]", state="attached", timeout=120_000)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.context.close()

    def sound(self):
        loaded = [url for url in self.requests if not url.startswith(("data:", "blob:"))]
        return self.errors == [] and self.dialogs == [] and len(loaded) == 1 and loaded[0].startswith("file:")


@pytest.fixture(scope="module")
def visit(browser, report):
    with Visit(browser, report) as opened:
        yield opened


@pytest.fixture
def page(visit):
    """The page as it was when opened, as far as sorting, filters and details go; nothing may go wrong in a test."""
    yield visit.page
    assert visit.sound(), (visit.errors, visit.requests, visit.dialogs)
    visit.page.locator("button[type=reset]").click()
    header = visit.page.locator("#table th[data-column=row]")
    while header.get_attribute("aria-sort") != "ascending":
        header.locator("button").click()
    for button in visit.page.locator("#table button[aria-expanded=true]").all():
        button.click()


def numbers(page):
    return [int(row.get_attribute("data-row")) for row in page.locator(ROWS).all()]


def column(page, name):
    cells = page.locator("#table thead th").all()
    place = next(n for n, cell in enumerate(cells) if cell.get_attribute("data-column") == name)
    return [row.locator("td").nth(place).inner_text() for row in page.locator(ROWS).all()]


def wait_until(page, condition):
    """Playwright's own wait needs eval, which the page's content security policy forbids."""
    for _ in range(1000):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"never came true: {condition}")


def overflows(page):
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def test_it_opens_with_every_point_and_all_pictures(page, result):
    assert page.title() == "Critical points of a linear convolutional network, k = (2,2,2), s = (1,2,1)"
    assert numbers(page) == list(range(len(result)))
    assert page.locator("figure").count() == 3
    assert page.locator("figure .main-svg").first.is_visible()
    assert page.locator("figure[data-picture=slice] canvas").count() > 0
    assert not overflows(page)


def test_it_sorts_by_clicks_and_by_keys(page, result):
    losses = [point.loss.real for point in result.points]
    header = page.locator("#table th[data-column=loss]")
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    assert numbers(page) == sorted(range(len(result)), key=lambda row: losses[row])
    header.locator("button").press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert numbers(page) == sorted(range(len(result)), key=lambda row: -losses[row])
    page.locator("#table th[data-column=kind] button").press("Space")
    assert header.get_attribute("aria-sort") is None
    kinds = column(page, "kind")
    assert kinds == page.evaluate("kinds => [...kinds].sort((a, b) => a.localeCompare(b))", kinds)


def test_it_filters_by_kind_stratum_reality_and_text(page, result):
    points = list(enumerate(result.points))
    page.select_option("#choose-kind", "saddle")
    assert numbers(page) == [row for row, point in points if point.real and "saddle" in point.kinds]
    page.select_option("#choose-stratum", "(2)(1)")
    both = [row for row, p in points if p.real and "saddle" in p.kinds and p.stratum == ((2,), (1,))]
    assert numbers(page) == both
    assert page.locator("#shown").inner_text() == f"{len(both)} of {len(points)} critical filters"
    page.locator("button[type=reset]").click()
    wait_until(page, f"document.querySelectorAll('{ROWS}').length === {len(points)}")
    page.select_option("#choose-reality", "complex")
    assert numbers(page) == [row for row, point in points if not point.real]
    page.select_option("#choose-reality", "attained")
    assert numbers(page) == [row for row, point in points if point.attained]
    page.select_option("#choose-reality", "")
    page.fill("#search", "spurious SADDLE")
    spurious = [row for row, point in points if point.real and not point.pure and "saddle" in point.kinds]
    assert numbers(page) == spurious
    page.fill("#search", "no such words")
    assert numbers(page) == []
    assert "No point fits" in page.locator("#table tbody").inner_text()


def test_details_open_by_keys_and_hold_all_digits(page, result):
    button = page.locator(f"{ROWS}[data-row='0'] button")
    button.focus()
    page.keyboard.press("Enter")
    button = page.locator(f"{ROWS}[data-row='0'] button")
    assert button.get_attribute("aria-expanded") == "true"
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    text = page.locator("tr.detail").inner_text().replace("−", "-")
    for value in result.points[0].filter.real.tolist():
        assert repr(value) in text
    assert text.count("critical θ: minimum") == len(result.points[0].parameters)
    page.keyboard.press("Enter")
    assert page.locator("tr.detail").count() == 0


def test_pictures_react_to_the_mouse_and_lead_to_the_table(page, result):
    marker = page.locator("figure[data-picture=ladder] .scatterlayer .point").first
    marker.scroll_into_view_if_needed()
    box = marker.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    label = page.locator("figure[data-picture=ladder] .hovertext")
    label.wait_for()
    row = int(label.text_content().split("point ")[1].split(":")[0])
    page.mouse.down()
    page.mouse.up()
    page.locator(f"tr.chosen[data-row='{row}']").wait_for()
    assert page.locator("tr.detail").count() == 1
    sizes = page.evaluate(
        """row => [...document.querySelectorAll('figure[data-picture=complex] .plot')[0].data].flatMap(
            trace => trace.customdata.map((other, n) => [other === row, trace.marker.size[n]]))""",
        row,
    )
    assert {size for chosen, size in sizes if chosen} != {size for chosen, size in sizes if not chosen}


def test_a_marker_of_a_continuum_leads_to_its_points(browser, tmp_path):
    hl.report(curve_of_minima(), tmp_path / "report.html")
    with Visit(browser, tmp_path / "report.html") as opened:
        details = opened.page.locator("#continuum-0 + tr details")
        assert details.get_attribute("open") is None
        marker = opened.page.locator("figure[data-picture=ladder] .scatterlayer .point").first
        marker.scroll_into_view_if_needed()
        box = marker.bounding_box()
        opened.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        opened.page.locator("figure[data-picture=ladder] .hovertext").wait_for()
        opened.page.mouse.down()
        opened.page.mouse.up()
        wait_until(opened.page, "document.querySelector('#continuum-0 + tr details').open")
        assert details.locator("dl").count() == len(curve_of_minima().continua[0].points)
        details.locator("summary").click()
        opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert details.get_attribute("open") is not None
        opened.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert details.get_attribute("open") is None
        assert not overflows(opened.page)
        assert opened.sound(), (opened.errors, opened.requests)


def test_views_switch(page):
    figure = page.locator("figure[data-picture=ladder]")
    figure.get_by_role("button", name="logarithmic").click()
    wait_until(page, "document.querySelector('figure[data-picture=ladder] .plot').layout.yaxis.type === 'log'")
    assert figure.get_by_role("button", name="logarithmic").get_attribute("aria-pressed") == "true"
    figure.get_by_role("button", name="linear").click()
    wait_until(page, "document.querySelector('figure[data-picture=ladder] .plot').layout.yaxis.type === 'linear'")


def test_themes_change_page_and_pictures(page):
    ground = "getComputedStyle(document.body).backgroundColor"
    paper = "document.querySelector('figure[data-picture=complex] .plot').layout.paper_bgcolor"
    light = page.evaluate(ground), page.evaluate(paper)
    page.emulate_media(color_scheme="dark")
    wait_until(page, f"{paper} !== '{light[1]}'")
    assert page.evaluate(ground) != light[0]
    page.emulate_media(color_scheme="light")
    wait_until(page, f"{paper} === '{light[1]}'")


def test_paper_gets_all_rows_and_still_pictures(page, result):
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert len(numbers(page)) == len(result)
    for image in page.locator("figure img.still").all():
        assert image.is_visible()
        assert image.evaluate("image => image.complete && image.naturalWidth > 300")
    assert not page.locator(".filters").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("width", [320, 375])
def test_it_fits_a_phone(browser, result, tmp_path, width):
    hl.report(solved((2, 2, 2), (1, 1, 1)), tmp_path / "report.html")
    with Visit(browser, tmp_path / "report.html", {"width": width, "height": 700}, has_touch=True) as opened:
        assert not overflows(opened.page)
        assert opened.page.locator("figure .main-svg").first.is_visible()
        opened.page.locator(f"{ROWS} button").first.tap()
        assert opened.page.locator("tr.detail").is_visible()
        assert not overflows(opened.page)
        assert opened.sound(), (opened.errors, opened.requests)


def test_a_page_without_pictures_works_and_hostile_texts_stay_texts(browser, result, tmp_path):
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    hl.report(replace(result, software=hostile), tmp_path / "report.html", pictures=False)
    with Visit(browser, tmp_path / "report.html") as opened:
        assert len(numbers(opened.page)) == len(result)
        assert hostile in opened.page.locator("footer").inner_text()
        assert opened.page.locator("figure").count() == 0
        assert opened.sound(), (opened.errors, opened.requests, opened.dialogs)


def test_thousands_of_points_are_shown_in_pages(browser, result, tmp_path):
    rng = np.random.default_rng(0)
    many = [
        CriticalPoint(
            filter=rng.normal(size=5) + 1j * rng.normal(size=5),
            real=False,
            loss=complex(*rng.normal(size=2)),
            stratum=((1, 1), (1,)),
            pure=True,
        )
        for _ in range(3000)
    ]
    large = CriticalPoints.build(result.architecture, result.loss, many, result.strata, seed=0)
    hl.report(large, tmp_path / "report.html")
    with Visit(browser, tmp_path / "report.html") as opened:
        page = opened.page
        assert numbers(page) == list(range(50))
        assert page.locator("figure[data-picture=complex] .point").count() == report_pictures.MOST_DRAWN
        page.click("#next")
        assert numbers(page) == list(range(50, 100))
        page.click("#table th[data-column=row] button")
        assert numbers(page) == list(range(2999, 2949, -1))
        assert page.locator("#page").inner_text() == "page 1 of 60"
        page.fill("#search", "1234")
        assert 1234 in numbers(page)
        assert opened.sound(), (opened.errors, opened.requests)

"""The report in a headless Chromium: it opens, sorts, filters, its pictures react, and it asks the network for nothing.

Needs Playwright for Python and a Chromium on the path, or at HOMOTOPY_LCN_CHROMIUM; where that variable is set, a
missing browser is an error.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.pictures import page_files, report_pictures, report_slices
from homotopy_lcn.pictures.figure1 import draw_figure1
from homotopy_lcn.results.points import CriticalPoint
from homotopy_lcn.results.result import CriticalPoints
from tests.discriminants.test_walls import gaussian
from tests.special_data import curve_of_minima

ASKED = os.environ.get("HOMOTOPY_LCN_CHROMIUM")
CHROMIUM = ASKED or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if ASKED:
    from playwright import sync_api
else:
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed", allow_module_level=True)

DESKTOP = {"width": 1280, "height": 900}
ROWS = "#table tbody tr.point"


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
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
        patch.setattr(report_slices, "SURFACE_RESOLUTION", 8)
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


def test_details_of_conjugate_points_hold_all_digits(page, result):
    for row in (row for row, point in enumerate(result.points) if not point.real):
        page.locator(f"{ROWS}[data-row='{row}'] button").click()
        text = page.locator("tr.detail").inner_text().replace("−", "-")
        for value in result.points[row].filter.tolist():
            assert f"{value.real!r} {'-' if value.imag < 0 else '+'} {abs(value.imag)!r}i" in text
        page.locator(f"{ROWS}[data-row='{row}'] button").click()


def test_pictures_react_to_the_mouse_and_lead_to_the_table(page, result):
    marker = page.locator("figure[data-picture=ladder] .point").first
    marker.scroll_into_view_if_needed()
    box = marker.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    label = page.locator("figure[data-picture=ladder] .hovertext")
    label.wait_for()
    row = int(label.text_content().split("point ")[1].split(":")[0])
    assert row == int(marker.get_attribute("data-row"))
    page.mouse.down()
    page.mouse.up()
    page.locator(f"tr.chosen[data-row='{row}']").wait_for()
    assert page.locator("tr.detail").count() == 1
    for name in ("ladder", "complex"):
        assert page.locator(f"figure[data-picture={name}] .ring").count() >= 1


def pixels(page):
    return page.evaluate("document.querySelector('figure[data-picture=slice] canvas').toDataURL()")


def test_the_slice_turns_by_mouse_and_keys_and_its_points_lead_to_the_table(page, result):
    stage = page.locator("figure[data-picture=slice] .stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    before = pixels(page)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 90, middle[1] + 20, steps=4)
    page.mouse.up()
    turned = pixels(page)
    assert turned != before
    stage.focus()
    page.keyboard.press("ArrowLeft")
    assert pixels(page) != turned
    page.mouse.dblclick(box["x"] + 3, box["y"] + 3)
    assert pixels(page) == before
    # Some place under the mouse has a point of the table.
    for across in range(20, int(box["width"]), 12):
        for down in range(20, int(box["height"]), 24):
            page.mouse.move(box["x"] + across, box["y"] + down)
            text = page.locator("figure[data-picture=slice] .hovertext").text_content() or ""
            if text.startswith("point "):
                row = int(text.split()[1].rstrip(":"))
                page.mouse.click(box["x"] + across, box["y"] + down)
                page.locator(f"tr.chosen[data-row='{row}']").wait_for()
                assert result.points[row].attained
                return
    raise AssertionError("no point was found on the slice")


def test_entries_of_the_legend_hide_and_show(page):
    figure = page.locator("figure[data-picture=complex]")
    number = figure.locator(".point").count()
    entry = figure.locator(".legend button").first
    entry.click()
    assert entry.get_attribute("aria-pressed") == "false"
    assert 0 < figure.locator(".point").count() < number
    entry.click()
    assert figure.locator(".point").count() == number


def test_a_rectangle_is_enlarged_and_a_double_click_shows_all(page):
    ticks = "[...document.querySelectorAll('figure[data-picture=complex] .words text')].map(text => text.textContent)"
    stage = page.locator("figure[data-picture=complex] .stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    before = page.evaluate(ticks)
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"], steps=3)
    page.mouse.up()
    assert page.evaluate(ticks) != before
    page.mouse.dblclick(box["x"] + 0.9 * box["width"], box["y"] + 0.15 * box["height"])
    assert page.evaluate(ticks) == before


def test_coinciding_points_are_drawn_as_rings(browser, result, tmp_path):
    rng = np.random.default_rng(0)
    same = [
        CriticalPoint(filter=rng.normal(size=5) + 1j, real=False, loss=2 + 1j, stratum=((1, 1), (1,)), pure=True)
        for _ in range(6)
    ]
    hl.report(CriticalPoints.build(result.architecture, result.loss, same, result.strata, seed=0), tmp_path / "r.html")
    with Visit(browser, tmp_path / "r.html") as opened:
        markers = opened.page.locator("figure[data-picture=complex] .point")
        sizes = {round(marker.bounding_box()["width"]) for marker in markers.all()}
        assert len(sizes) == 3
        markers.first.hover(force=True)
        text = opened.page.locator("figure[data-picture=complex] .hovertext").text_content()
        assert text.endswith("and 2 more points here")
        assert opened.sound(), (opened.errors, opened.requests)


def test_a_marker_of_a_continuum_leads_to_its_points(browser, tmp_path):
    hl.report(curve_of_minima(), tmp_path / "report.html")
    with Visit(browser, tmp_path / "report.html") as opened:
        details = opened.page.locator("#continuum-0 + tr details")
        assert details.get_attribute("open") is None
        marker = opened.page.locator("figure[data-picture=ladder] .point").first
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
    figure = page.locator("figure[data-picture=complex]")
    title = "document.querySelector('figure[data-picture=complex] .words .title').textContent"
    figure.get_by_role("button", name="logarithmic in |loss|").click()
    assert page.evaluate(title) == "|loss|"
    assert figure.get_by_role("button", name="logarithmic in |loss|").get_attribute("aria-pressed") == "true"
    figure.get_by_role("button", name="complex plane").click()
    assert page.evaluate(title) == "Re loss"


def test_themes_change_page_and_pictures(page):
    ground = "getComputedStyle(document.body).backgroundColor"
    words = "getComputedStyle(document.querySelector('figure[data-picture=complex] .words text')).fill"
    light = page.evaluate(ground), page.evaluate(words), pixels(page)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) != light[0]
    assert page.evaluate(words) != light[1]
    wait_until(page, f"document.querySelector('figure[data-picture=slice] canvas').toDataURL() !== '{light[2]}'")
    page.emulate_media(color_scheme="light")
    assert page.evaluate(ground) == light[0]


def test_paper_gets_all_rows_and_still_pictures(page, result):
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert len(numbers(page)) == len(result)
    images = page.locator("figure img.still").all()
    assert len(images) == 1
    for image in images:
        assert image.is_visible()
        assert image.evaluate("image => image.complete && image.naturalWidth > 300")
    assert not page.locator(".filters").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.pdf(format="A4").startswith(b"%PDF")


def complex_points(number):
    """Points that a report has to list, critical or not."""
    rng = np.random.default_rng(0)
    return [
        CriticalPoint(
            filter=rng.normal(size=5) + 1j * rng.normal(size=5),
            real=False,
            loss=complex(*rng.normal(size=2)),
            stratum=((1, 1), (1,)),
            pure=True,
        )
        for _ in range(number)
    ]


def test_paper_has_sixty_rows_on_a_page_each_with_the_heading(browser, result, tmp_path):
    many = complex_points(429)
    hl.report(CriticalPoints.build(result.architecture, result.loss, many, result.strata, seed=0), tmp_path / "r.html")
    with Visit(browser, tmp_path / "r.html") as opened:
        page = opened.page
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        # A4 less its margins of 1.3 cm, in pixels of 1/96 inch.
        height = (29.7 - 2.6) / 2.54 * 96
        heights = page.evaluate(
            "[...document.querySelectorAll('#table tr')].map(row => row.getBoundingClientRect().height)"
        )
        assert len(heights) == 1 + 429
        assert heights[0] + 60 * max(heights[1:]) <= height
        style = "getComputedStyle(document.querySelector('#table thead'))"
        assert page.evaluate(f"{style}.display") == "table-header-group"
        # Chromium repeats no heading with a button.
        assert page.evaluate("getComputedStyle(document.querySelector('#table th button')).display") == "none"
        size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('#table td')).fontSize)")
        assert size * 72 / 96 >= 7.99
        pages = len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4")))
        assert pages <= 2 + 1 + -(-429 // 60)


def test_figure_1_is_a_page_whose_axes_are_not_cut(browser, tmp_path):
    pytest.importorskip("matplotlib")
    draw_figure1(tmp_path, resolution=8)
    for viewport in (DESKTOP, {"width": 360, "height": 700}):
        with Visit(browser, tmp_path / "figure1.html", viewport) as opened:
            canvases = opened.page.locator("canvas").all()
            assert len(canvases) == 2
            for canvas in canvases:
                empty = canvas.evaluate(
                    """canvas => {
                        const { width, height } = canvas;
                        const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
                        const white = (x, y) => [0, 1, 2].every((n) => data[4 * (y * width + x) + n] === 255);
                        const edges = [];
                        for (let x = 0; x < width; x += 1) edges.push(white(x, 0), white(x, height - 1));
                        for (let y = 0; y < height; y += 1) edges.push(white(0, y), white(width - 1, y));
                        return edges.every(Boolean);
                    }"""
                )
                assert empty
            assert not overflows(opened.page)
            assert opened.sound(), (opened.errors, opened.requests)


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


def test_a_browser_that_cannot_unpack_says_so(browser, result, tmp_path, monkeypatch):
    monkeypatch.setattr(page_files, "PACKED_FROM", 0)
    hl.report(result, tmp_path / "report.html")
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto((tmp_path / "report.html").as_uri())
    page.locator("p.verdict", has_text="This browser cannot show the points and pictures").wait_for()
    context.close()
    with Visit(browser, tmp_path / "report.html") as opened:
        assert numbers(opened.page) == list(range(len(result)))
        assert opened.sound(), (opened.errors, opened.requests)


def test_thousands_of_points_are_shown_in_pages(browser, result, tmp_path):
    many = complex_points(3000)
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


def test_filters_of_images_are_coloured_matrices(browser, tmp_path):
    network = hl.Architecture(filters=((2, 1), (2, 2)), strides=(1, 1))
    inputs = np.random.default_rng(0).standard_normal((40, 6))
    result = hl.critical_points(network, hl.SquaredLoss(inputs.T @ inputs, inputs.T @ np.ones(40), 40.0))
    hl.report(result, tmp_path / "page.html")
    page = browser.new_page(viewport=DESKTOP)
    page.goto((tmp_path / "page.html").as_uri())
    page.click(f"{ROWS} button")
    matrices = page.locator("table.matrix")
    assert matrices.count() == 3  # the filter and both layers
    cells = matrices.first.locator("td")
    assert [float(text.replace("\u2212", "-")) for text in cells.all_inner_texts()] == pytest.approx(
        result[0].filter.real, rel=6e-3
    )
    colours = {cell.evaluate("cell => getComputedStyle(cell).backgroundColor") for cell in cells.all()}
    assert len(colours) > 3
    page.close()


def test_the_page_of_walls_tells_branches_and_leads_to_walls(browser, tmp_path):
    arch = hl.Architecture((2, 2), (1, 1))
    found = hl.walls(arch, *gaussian(arch, 1))
    path = tmp_path / "walls.html"
    found.to_html(path)
    with Visit(browser, path) as visit:
        page = visit.page
        figure = page.locator("figure[data-picture=branches]")
        assert figure.locator(".point").count() == len(found.walls)
        # A place on the branch that is alone at the end of the segment.
        box = figure.locator("svg.main-svg").bounding_box()
        curve = figure.locator("svg.main-svg g[clip-path] > path").last
        length = curve.evaluate("path => path.getTotalLength()")
        x, y = curve.evaluate("(path, at) => { const p = path.getPointAtLength(at); return [p.x, p.y]; }", 0.9 * length)
        page.mouse.move(box["x"] + x, box["y"] + y)
        label = figure.locator(".hovertext")
        label.wait_for()
        words = re.match(r"branch (\d+): .*\nt = (\S+), loss (\S+)", label.text_content())
        t, loss = (float(text.replace("−", "-")) for text in words.groups()[1:])
        point = next(point for point in found.follow(t) if point.branch == int(words[1]))
        assert point.loss == pytest.approx(loss, abs=1e-2)
        marker = figure.locator(".point[data-row='2']")
        middle = marker.bounding_box()
        page.mouse.move(middle["x"] + middle["width"] / 2, middle["y"] + middle["height"] / 2)
        assert f"{found.walls[2].kind} at t = {found.walls[2].t:.10g}" in label.text_content()
        page.mouse.down()
        page.mouse.up()
        page.locator("tr#wall-2.chosen").wait_for()
        assert figure.locator(".ring").count() == 1
        before = curve.get_attribute("d")
        figure.get_by_role("button", name="above the global minimum").click()
        assert figure.locator("svg.main-svg g[clip-path] > path").last.get_attribute("d") != before
        assert "above the global minimum" in figure.locator("text.title").last.text_content()
        figure.get_by_role("button", name="minimum", exact=True).click()
        assert not overflows(page)
        assert visit.sound(), (visit.errors, visit.requests, visit.dialogs)


def test_the_page_of_walls_fits_a_phone(browser, tmp_path):
    arch = hl.Architecture((2, 2), (2, 1))
    hl.walls(arch, *gaussian(arch, 0)).to_html(tmp_path / "walls.html")
    with Visit(browser, tmp_path / "walls.html", viewport={"width": 360, "height": 700}) as visit:
        assert not overflows(visit.page)
        assert visit.sound()

"""The built site in a real browser. Skipped where it was not built, or there is no Chromium."""

import functools
import http.server
import threading
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "build" / "site"
pytestmark = pytest.mark.skipif(not (SITE / "index.html").exists(), reason="the site was not built")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def address():
    """Serve the site to this machine."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=SITE)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def visit(browser, address):
    """Open a page of the site; what goes wrong in it, or asks another machine, fails the test."""
    said = []

    def opened(name, width=1280, scheme="light"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: request.url.startswith((address, "data:")) or said.append(request.url))
        page.goto(f"{address}/{name}")
        return page

    yield opened
    assert said == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["index", "tutorial/from-surprise-to-fit", "reference/families", "reference/api/Fit"])
def test_pages_fit_the_screen_and_show_their_pictures(visit, name, width):
    page = visit(f"{name}.html", width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    broken = "[...document.querySelectorAll('article img')].filter(i => i.loading !== 'lazy' && !i.naturalWidth).length"
    assert page.evaluate(broken) == 0


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        ("index", 390, "dark"),
        ("tutorial/from-surprise-to-fit", 390, "dark"),
        ("gallery/index", 1280, "light"),
        ("reference/api/Fit", 1280, "light"),
        ("search", 390, "dark"),
    ],
)
def test_pages_can_be_read_by_all(visit, name, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page = visit(f"{name}.html{'?q=censored' if name == 'search' else ''}", width, scheme)
    if name == "search":
        page.wait_for_selector("ul.search li a")
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []


def test_formulas_are_drawn_without_a_script(visit):
    page = visit("explanation/the-one-line.html")
    sizes = page.evaluate("[...document.querySelectorAll('math')].map(m => m.getBoundingClientRect().width)")
    assert len(sizes) > 50
    assert min(sizes) > 3


def test_the_search_finds_pages(visit):
    page = visit("search.html?q=censored")
    page.wait_for_selector("ul.search li a")
    assert page.locator("ul.search li a", has_text="Fit censored survival times").count() == 1


def test_the_one_line_can_be_dragged_on_its_page(visit):
    page = visit("explanation/the-one-line.html")
    frame = page.frame_locator("iframe[src$='one-line.html']")
    slider = frame.locator('input[data-parameter="mu"]')
    slider.scroll_into_view_if_needed()
    slider.fill("0")
    slider.dispatch_event("input")
    read = {
        name: float(frame.locator(f'dd[data-quantity="{name}"]').get_attribute("data-value"))
        for name in ("nll", "entropy", "kl")
    }
    assert read["kl"] > 0.01
    assert read["entropy"] + read["kl"] == pytest.approx(read["nll"], abs=1e-9)

"""The page in a real browser: what it shows is what Python says. Skipped where there is no Chromium."""

import numpy as np
import pytest

import mle_toolkit as mle


@pytest.fixture
def show(browser, tmp_path):
    """Open the page of a result; what goes wrong in it fails the test."""
    said = []

    def opened(result, width=1280, scheme="light"):
        mle.report(result, tmp_path / "page.html")
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or said.append(request.url))
        page.goto((tmp_path / "page.html").as_uri())
        return page

    yield opened
    assert said == []


def test_dragging_a_parameter_shows_what_python_says(show):
    counts = mle.Sample.table([0, 1, 2, 3, 4], [109, 65, 22, 3, 1])
    fit = mle.fit(counts, "poisson")
    page = show(fit)
    slider = page.locator('input[data-parameter="mu"]')
    for place in (0, 7, 15, 30):
        slider.fill(str(place))
        slider.dispatch_event("input")
        read = {
            name: float(page.locator(f'dd[data-quantity="{name}"]').get_attribute("data-value"))
            for name in ("nll", "entropy", "kl", "above")
        }
        mu = page.evaluate(f"lines[0].parameters[0].values[{place}]")
        law = mle.distribution("poisson", mu=mu)
        p = np.array([109, 65, 22, 3, 1]) / 200
        q = law.pdf(np.arange(5))
        assert read["nll"] == pytest.approx(-(p * np.log(q)).sum(), abs=1e-9)
        assert read["kl"] == pytest.approx((p * np.log(p / q)).sum(), abs=1e-9)
        assert read["entropy"] + read["kl"] == pytest.approx(read["nll"], abs=1e-9)
        assert read["above"] >= -1e-12


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_its_screen_and_tables_sort(show, width):
    x = np.random.default_rng(3).gamma(2.0, 3.0, 80)
    page = show(mle.compare(x, ["normal", "exponential", "lognormal", "rayleigh"]), width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ranking = page.locator("section", has_text="Ranking").locator("table").first
    ranking.locator("th button", has_text="family").click()
    names = ranking.locator("tbody tr td:nth-child(2)").all_text_contents()
    assert names == sorted(names)
    ranking.locator("th button", has_text="ΔAIC").click()
    order = [float(v) for v in ranking.locator("tbody tr td:nth-child(7)").all_text_contents()]
    assert order == sorted(order)


def test_pages_can_be_read_by_all(show):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    frame = mle.datasets.load("leukaemia").frame()
    left = "right_censored(weeks, relapsed)"
    results = [
        mle.fit(mle.datasets.load("horse_kicks").sample(), "poisson"),
        mle.fit_groups(frame, "mercaptopurine", left, "weibull"),
        mle.regress(f"{left} ~ mercaptopurine", frame, "weibull"),
    ]
    for result in results:
        for width, scheme in ((1280, "light"), (390, "dark")):
            page = show(result, width, scheme)
            found = axe.Axe().run(page).response["violations"]
            assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.close()


def test_the_path_of_the_optimiser_ends_at_the_estimates(show):
    x = np.random.default_rng(5).weibull(1.7, 60) * 3.0
    fit = mle.fit(x, "weibull")
    page = show(fit)
    slider = page.locator("input[data-path]")
    last = int(slider.get_attribute("max"))
    assert last >= 2
    fallen = []
    for place in range(last + 1):
        slider.fill(str(place))
        slider.dispatch_event("input")
        nll = float(page.locator('dd[data-quantity="nll"]').get_attribute("data-value"))
        shape, scale = page.evaluate(f"lines[0].path.values[{place}]")
        z = x / scale
        assert nll == pytest.approx(-np.mean(np.log(shape / scale) + (shape - 1) * np.log(z) - z**shape), abs=1e-9)
        fallen.append(nll)
    assert fallen == sorted(fallen, reverse=True)
    assert fallen[-1] == pytest.approx(fit.cross_entropy, abs=1e-12)
    assert (shape, scale) == pytest.approx(tuple(fit.params.values()), rel=1e-6)

"""``mle app`` in a real browser: every flow, as a user goes through it. Skipped without Chromium or the extra [app]."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mle_toolkit as mle

pytest.importorskip("shiny", reason="the extra [app] is not installed")

PATIENCE = 120_000
"""Milliseconds until something must have come; no test measures time."""


@pytest.fixture(scope="module")
def address():
    """Of a server of its own, as the command line starts it."""
    command = [sys.executable, "-m", "mle_toolkit", "app", "--port", "0", "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = server.stdout.readline()
    assert "http://127.0.0.1:" in line, "the server did not start"
    yield next(word for word in line.split() if word.startswith("http"))
    server.kill()
    server.wait()
    server.stdout.close()


@pytest.fixture
def tab(browser, address):
    """Open the page in tabs that share nothing; what goes wrong in it, and any request elsewhere, fails the test."""
    said, tabs = [], []

    def opened(width=1280):
        page = browser.new_page(viewport={"width": width, "height": 900})
        tabs.append(page)
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda r: r.url.startswith((address, "data:", "blob:")) or said.append(r.url))
        page.goto(address)
        page.wait_for_function("() => window.Shiny?.setInputValue !== undefined")
        return page

    yield opened
    for page in tabs:
        page.close()
    assert said == []


def idle(page):
    page.wait_for_function("() => busy === '' && waiting.size === 0")


def choose(page, name):
    page.select_option("#set", f"@{name}")
    page.locator("#read table").wait_for()
    idle(page)


def upload(page, name, content):
    page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": content.encode()})
    page.wait_for_function("name => document.getElementById('opened').textContent.startsWith(name)", arg=name)
    idle(page)


def rank(page, laws):
    page.fill("#laws", laws)
    page.click("#rank")
    page.locator("#ranking table").first.wait_for()
    idle(page)


def saved(page, panel, kind):
    with page.expect_download() as download:
        page.click(f"#take-{panel} [data-file={kind}]")
    idle(page)
    return Path(download.value.path()).read_text(encoding="utf-8")


def numbers(page, selector):
    cells = page.locator(f"{selector} td[data-value]").evaluate_all("cells => cells.map(c => Number(c.dataset.value))")
    return np.array(cells)


def test_from_a_data_set_to_a_law_and_what_is_taken_away(tab):
    page = tab()
    choose(page, "rivers")
    rank(page, "gamma, lognormal, exponential")
    comparison = mle.compare(mle.datasets.load("rivers").sample(), ["gamma", "lognormal", "exponential"])
    assert page.locator("#ranking button.law").all_text_contents() == list(comparison.fits)
    record = json.loads(saved(page, "ranking", "json"))
    assert [row["aic"] for row in record["table"]] == list(comparison.table["aic"])
    page.click("#ranking button.law >> nth=1")
    page.locator("#law table").first.wait_for()
    idle(page)
    fit = list(comparison.fits.values())[1]
    assert set(fit.params.values()) <= set(numbers(page, "#law"))
    assert page.locator("#take-law .shell").text_content() == "mle fit @rivers --column length -d gamma"
    assert saved(page, "law", "html").startswith("<!doctype html>")
    slider = page.locator('#law input[data-parameter="scale"]')
    slider.fill("7")
    slider.dispatch_event("input")
    nll = float(page.locator('#law dd[data-quantity="nll"]').get_attribute("data-value"))
    shown = page.evaluate("JSON.parse(document.querySelector('#law .line-data').textContent).parameters[1].values[7]")
    assert nll == pytest.approx(-fit.loglike({**fit.params, "scale": shown}) / fit.nobs, abs=1e-9)


def test_calculators_profile_and_goodness(tab):
    page = tab()
    choose(page, "rivers")
    page.click("#tab-law")
    page.fill("#one", "gamma")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#law table").first.wait_for()
    idle(page)
    fit = mle.fit(mle.datasets.load("rivers").sample(), "gamma")
    page.select_option("#what", "return_level")
    page.fill("#at", "100")
    page.click("[data-verb=calculate]")
    page.locator("#calculated table").wait_for()
    level = fit.return_level(100)
    np.testing.assert_allclose(numbers(page, "#calculated"), [100, level.value, level.se, *level.interval], rtol=1e-9)
    idle(page)
    page.select_option("#replicates", "199")
    page.click("[data-verb=goodness]")
    page.locator("#goodness p").first.wait_for()
    assert str(fit.goodness_of_fit(n_resamples=199, rng=0)) in page.locator("#goodness").inner_text()
    idle(page)
    page.click("[data-verb=profile]")
    page.locator("#profile svg").wait_for()
    assert str(fit.profile("shape")) in page.locator("#profile").inner_text()
    idle(page)
    page.fill("#at", "many")
    page.click("[data-verb=calculate]")
    page.wait_for_function("() => document.getElementById('at-problem').textContent.includes('expected numbers')")


def test_groups_and_a_regression(tab):
    page = tab()
    choose(page, "leukaemia")
    page.click("#tab-groups")
    page.select_option("#by", "mercaptopurine")
    page.fill("#groups-law", "weibull")
    page.click("[data-verb=groups]")
    page.locator("#groups table").wait_for()
    idle(page)
    frame = mle.datasets.load("leukaemia").frame()
    fits = mle.fit_groups(frame, "mercaptopurine", "right_censored(weeks, relapsed)", "weibull")
    assert set(fits.table["llf"]) <= set(numbers(page, "#groups"))
    assert [row["llf"] for row in json.loads(saved(page, "groups", "json"))["groups"]] == list(fits.table["llf"])
    page.click("#tab-regression")
    assert page.locator("#formula").input_value() == "right_censored(weeks, relapsed) ~ "
    page.fill("#regress-law", "weibull")
    page.fill("#formula", "right_censored(weeks, relapsed) ~ dose")
    page.click("[data-verb=regress]")
    page.locator("#formula-problem:not(:empty)").wait_for()
    assert "'dose' not found" in page.locator("#formula-problem").text_content()
    idle(page)
    page.fill("#formula", "right_censored(weeks, relapsed) ~ mercaptopurine")
    page.keyboard.press("Enter")
    page.locator("#regression table").first.wait_for()
    idle(page)
    fit = mle.regress("right_censored(weeks, relapsed) ~ mercaptopurine", frame, "weibull")
    assert json.loads(saved(page, "regression", "json"))["llf"] == pytest.approx(fit.llf, rel=1e-12)
    page.fill("#links", "scale = squared")
    page.keyboard.press("Enter")
    page.locator("#links-problem:not(:empty)").wait_for()
    assert "unknown link 'squared'" in page.locator("#links-problem").text_content()
    idle(page)
    page.fill("#links", "scale = sqrt")
    page.select_option("#offset", "mercaptopurine")
    page.fill("#formula", "right_censored(weeks, relapsed) ~ 1")
    page.click("[data-verb=regress]")
    page.wait_for_function(
        "() => document.querySelector('#take-regression .shell')?.textContent.includes('scale=sqrt')"
    )
    idle(page)
    given = {"links": {"scale": "sqrt"}, "offset": frame["mercaptopurine"]}
    fit = mle.regress("right_censored(weeks, relapsed) ~ 1", frame, "weibull", **given)
    assert json.loads(saved(page, "regression", "json"))["llf"] == pytest.approx(fit.llf, rel=1e-12)


def test_payments_with_a_deductible(tab):
    page = tab()
    upload(page, "claims.csv", "paid,limit\n" + "".join(f"{(7 * k) % 90 + 1},{150}\n" for k in range(60)))
    page.select_option("#kind", "paid")
    page.select_option("#paid-payment", "paid")
    page.fill("#paid-deductible", "60")
    page.fill("#paid-limit", "limit")
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.getElementById('looked').textContent.includes('window (60, ∞)')")
    idle(page)
    rank(page, "exponential")
    paid = (7 * np.arange(60)) % 90 + 1.0
    fit = mle.fit(mle.Sample.insured(paid, 60, 150), "exponential")
    assert json.loads(saved(page, "ranking", "json"))["table"][0]["llf"] == fit.llf
    assert "--payment paid --deductible 60 --limit limit" in page.locator("#take-ranking .shell").text_content()


def test_a_file_is_dropped_on_the_page(tab):
    page = tab()
    page.evaluate(
        """() => {
            window.carried = new DataTransfer();
            carried.items.add(new File(["y\\n" + [...Array(30).keys()].join("\\n")], "dropped.csv"));
            window.drag = (kind, place) => place.dispatchEvent(
                new DragEvent(kind, {dataTransfer: carried, bubbles: true, cancelable: true}));
        }"""
    )
    assert page.locator("#drop.shiny-file-input-active").count() == 0
    page.evaluate("drag('dragenter', document.body); drag('dragover', document.body)")
    page.locator("#drop.shiny-file-input-active").wait_for()
    page.evaluate("drag('dragenter', at('drop')); drag('dragover', at('drop'))")
    page.locator("#drop.shiny-file-input-over").wait_for()
    page.evaluate("drag('drop', at('drop'))")
    page.wait_for_function("() => at('opened').textContent.startsWith('dropped.csv')")
    idle(page)
    page.evaluate("carried.items.clear(); carried.items.add(new File(['z\\n1\\n2\\n5'], 'beside.csv'))")
    assert not page.evaluate("drag('drop', at('results'))"), "a browser would leave the page for the file"
    page.wait_for_function("() => at('opened').textContent.startsWith('beside.csv')")
    idle(page)
    assert page.locator("#drop.shiny-file-input-active, #drop.shiny-file-input-over").count() == 0
    rank(page, "normal")
    assert json.loads(saved(page, "ranking", "json"))["nobs"] == 3


def test_vectors_of_several_columns(tab):
    page = tab()
    choose(page, "faithful")
    page.select_option("#kind", "vector")
    page.click("#rank")
    page.locator("#vector-columns-problem:not(:empty)").wait_for()
    idle(page)
    for name in ("eruptions", "waiting"):
        page.get_by_role("group", name="Numbers of a vector").get_by_label(name).check()
    page.wait_for_function("() => at('looked').textContent.includes('272 observations of 2 numbers')")
    idle(page)
    rank(page, "")
    vectors = mle.Sample.rows(mle.datasets.load("faithful").frame())
    comparison = mle.compare(vectors)
    assert page.locator("#ranking button.law").all_text_contents() == list(comparison.fits)
    assert "--columns eruptions,waiting" in page.locator("#take-ranking .shell").text_content()
    page.click("#ranking button.law >> nth=0")
    page.locator("#law table").first.wait_for()
    idle(page)
    assert set(comparison.best.params["mean"]) <= set(numbers(page, "#law"))


def test_a_file_of_times_with_events_whose_words_are_asked_for(tab):
    page = tab()
    upload(
        page, "lives.csv", "days,fate\n" + "".join(f"{k % 7 + 1}.5,{'gone' if k % 3 else 'here'}\n" for k in range(40))
    )
    assert page.locator("#exact-column").input_value() == "days"
    page.select_option("#kind", "time")
    page.select_option("#time-time", "days")
    page.select_option("#time-event", "fate")
    problem = page.locator("#time-event_value-problem, #time-event-problem").filter(has_text="“Word for an event”")
    problem.wait_for()
    idle(page)
    page.fill("#time-event_value", "gone")
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.getElementById('looked').textContent.includes('censored')")
    idle(page)
    assert page.locator(".problem:not(:empty)").count() == 0
    rank(page, "weibull, exponential")
    k = np.arange(40)
    sample = mle.Sample.right_censored(k % 7 + 1.5, k % 3 > 0)
    record = json.loads(saved(page, "ranking", "json"))
    assert [row["llf"] for row in record["table"]] == list(mle.compare(sample, ["weibull", "exponential"]).table["llf"])
    assert "--event-value gone" in page.locator("#take-ranking .shell").text_content()


def test_a_bad_file_is_said_beside_it_and_the_page_lives(tab):
    page = tab()
    page.set_input_files("#file", {"name": "x.xlsx", "mimeType": "", "buffer": b"PK\x03\x04 and no more"})
    problem = page.locator(".problem:not(:empty)")
    problem.wait_for()
    assert "not a readable spreadsheet" in problem.text_content()
    idle(page)
    choose(page, "rivers")
    rank(page, "gamma")


def test_two_tabs_do_not_mix(tab):
    one, two = tab(), tab()
    choose(one, "rivers")
    upload(two, "mine.csv", "y\n" + "\n".join(map(str, range(1, 30))))
    rank(two, "normal")
    rank(one, "normal")
    assert "rivers" in one.locator("#ranking-title").text_content()
    assert "mine.csv" in two.locator("#ranking-title").text_content()
    assert json.loads(saved(two, "ranking", "json"))["nobs"] == 29
    assert json.loads(saved(one, "ranking", "json"))["nobs"] == 141


def test_a_ranking_can_be_cancelled_and_begun_anew(tab):
    page = tab()
    x = np.random.default_rng(1).gamma(2.0, 3.0, 60_000)
    upload(page, "long.csv", "x\n" + "\n".join(map(str, x)))
    page.fill("#laws", "")
    page.click("#rank")
    page.locator("#coming button.law").first.wait_for()
    page.click("#end")
    page.wait_for_function("() => document.getElementById('status').textContent.startsWith('Cancelled')")
    assert page.locator("#coming").is_visible()
    rank(page, "exponential")
    assert page.locator("#ranking button.law").all_text_contents() == ["exponential"]


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "light"), (1280, "dark")])
def test_the_page_fits_its_screen_and_has_names_for_all(tab, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page = tab(width)
    page.emulate_media(color_scheme=scheme)

    def serious():
        found = axe.Axe().run(page).response["violations"]
        return [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]

    assert serious() == []
    choose(page, "rivers")
    for details in page.locator("details").all():
        details.locator("summary").click()
    assert serious() == []
    rank(page, "gamma, lognormal, beta")
    assert serious() == []
    page.click("#ranking button.law >> nth=0")
    page.locator("#law table").first.wait_for()
    idle(page)
    assert serious() == []
    for name in ("groups", "regression"):
        page.click(f"#tab-{name}")
        assert serious() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_tabs_are_moved_through_by_keys(tab):
    page = tab()
    page.focus("#tab-data")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-ranking"
    assert page.locator("#panel-ranking").is_visible()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert page.locator("#panel-data").is_visible()


def reach(page, selector):
    """Move by the Tab key alone until something has the focus."""
    for _ in range(120):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def press_on(page, selector, key="Enter"):
    reach(page, selector)
    page.keyboard.press(key)


def test_each_flow_by_keys_alone(tab):
    page = tab()
    reach(page, "#set")
    page.keyboard.type("leukaemia")
    page.locator("#read table").wait_for()
    idle(page)
    press_on(page, "#tab-data", "ArrowRight")
    reach(page, "#laws")
    page.keyboard.type("weibull, exponential")
    press_on(page, "#rank")
    page.locator("#ranking table").first.wait_for()
    idle(page)
    press_on(page, "#ranking button.law")
    page.locator("#law table").first.wait_for()
    idle(page)
    reach(page, "#at")
    page.keyboard.press("Control+A")
    page.keyboard.type("0.5")
    press_on(page, "[data-verb=calculate]")
    page.locator("#calculated table").wait_for()
    idle(page)
    press_on(page, "[data-verb=profile]")
    page.locator("#profile svg").wait_for()
    idle(page)
    press_on(page, "#tab-law", "ArrowRight")
    reach(page, "#by")
    page.keyboard.type("mercaptopurine")
    press_on(page, "[data-verb=groups]")
    page.locator("#groups table").wait_for()
    idle(page)
    press_on(page, "#tab-groups", "ArrowRight")
    reach(page, "#formula")
    page.keyboard.press("Control+A")
    page.keyboard.type("right_censored(weeks, relapsed) ~ mercaptopurine")
    press_on(page, "#formula")
    page.locator("#regression table").first.wait_for()
    idle(page)


def test_without_the_token_there_is_nothing(browser, address):
    page = browser.new_page()
    assert page.goto(address.rstrip("/")[:-1] + "/").status == 403
    assert page.goto(address.rsplit("/", 2)[0] + "/").status == 403
    page.close()

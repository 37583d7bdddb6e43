"""The page as a file, and in a real browser."""

import base64
import hashlib
import json
from html.parser import HTMLParser

import numpy as np
import profiles
import pytest
from stepping.browser import after, browser, shown_by

from scratchnoise.stepping.page import html
from scratchnoise.stepping.recording import State
from scratchnoise.stepping.subjects import find

in_a_browser = pytest.mark.skipif(
    browser() is None, reason="no Chromium: install one, or name it in $SCRATCHNOISE_BROWSER"
)
NASTY = '''def f(z):
    """</script><script>alert(1)</script> & <b>z_c</b>"""
    text = "<img src=x onerror=alert(2)> </script>"  # <!-- -->
    return z + float("inf"), text
'''
KEYS = """
const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const seen = () => ({
  count: document.getElementById("count").textContent,
  line: Number(document.querySelector("#lines li.now button").textContent),
  code: document.querySelector("#lines li.now code").textContent.trim(),
  name: document.getElementById("chain").textContent,
  read: [...document.querySelectorAll("td.read")].map((cell) => cell.textContent),
  written: [...document.querySelectorAll("td.written")].map((cell) => cell.textContent),
  note: document.getElementById("note").textContent,
  values: [...document.querySelectorAll("#line .value")].map((value) => value.textContent),
  pressed: document.querySelector('#switch [aria-pressed="true"]').textContent,
});
const line = (code) => [...document.querySelectorAll("#lines li")].find((item) => item.textContent.includes(code));
"""


@pytest.fixture(scope="module")
def page_of(tmp_path_factory):
    """A function from names to (path of the page, recordings)."""
    folder, made = tmp_path_factory.mktemp("pages"), {}

    def page(name):
        if name not in made:
            subject = find(name)
            recordings = {run.label: run.record() for run in subject.runs}
            path = folder / f"{name.rpartition(':')[2]}.html"
            path.write_text(html(subject, recordings), encoding="utf-8")
            made[name] = path, recordings
        return made[name]

    return page


class Elements(HTMLParser):
    """Every element with its attributes, and the text of the scripts."""

    def __init__(self, text):
        super().__init__()
        self.found, self.scripts, self.inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.inside = tag == "script"

    def handle_data(self, data):
        if self.inside:
            self.scripts.append(data)
        self.inside = False


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    path = tmp_path_factory.mktemp("nasty") / "nasty.py"
    path.write_text(NASTY, encoding="utf-8")
    return f"{path}:f"


def test_source_and_values_are_text_and_nothing_is_loaded(page_of, nasty):
    text = page_of(nasty)[0].read_text(encoding="utf-8")
    elements = Elements(text)
    assert [tag for tag, _ in elements.found].count("script") == 2
    assert not {"img", "b", "link", "iframe"} & {tag for tag, _ in elements.found}
    assert all(not {"src", "href"} & set(attrs) for _, attrs in elements.found)
    data = json.loads(elements.scripts[0])
    assert data["runs"][0]["functions"][0]["lines"] == NASTY.rstrip().split("\n")
    (policy,) = [attrs["content"] for _, attrs in elements.found if attrs.get("http-equiv")]
    digest = base64.b64encode(hashlib.sha256(elements.scripts[1].encode()).digest()).decode()
    assert "default-src 'none'" in policy and f"script-src 'sha256-{digest}'" in policy


def test_numbers_that_json_lacks_are_written():
    from scratchnoise.stepping.page import _number

    assert [_number(value) for value in (np.inf, -np.inf, 1.5, None, 3)] == ["inf", "-inf", 1.5, None, 3]
    assert _number(float("nan")) == "nan"


@in_a_browser
@pytest.mark.parametrize("name", profiles.thinned(["softmax", "BackwardCorrected", "RobustSoftmaxRegression"]))
def test_its_own_policy_lets_its_script_run(page_of, name):
    path, recordings = page_of(name)
    steps = len(next(iter(recordings.values())).steps)
    assert f'<span id="count">1 / {steps}</span>' in shown_by(path)


@in_a_browser
def test_nasty_text_stays_text(page_of, nasty):
    shown = shown_by(page_of(nasty)[0])
    assert "&lt;img src=x onerror=alert(2)&gt;" in shown and "<img" not in shown


@in_a_browser
def test_keys_slider_lines_and_switch_move(page_of):
    path, recordings = page_of("softmax")
    script = (
        KEYS
        + """
const found = {};
found.start = seen();
press("ArrowRight"); press("ArrowRight"); found.call = seen();
press("ArrowRight"); found.inside = seen();
press("ArrowLeft"); press("o"); found.over = seen();
line("out[n, c] =").click(); found.here = seen();
press("ArrowDown"); found.again = seen();
press("ArrowUp"); found.before = seen();
press("End"); found.end = seen();
const slider = document.getElementById("slider");
slider.value = 24; slider.dispatchEvent(new Event("input")); found.slid = seen();
document.querySelectorAll("#switch button")[1].click(); press("ArrowRight"); found.numpy = seen();
document.querySelectorAll("#switch button")[0].click(); found.back = seen();
press("Home"); found.home = seen();
return found;
"""
    )
    found = after(path, script)
    steps = recordings["loops"].steps
    assert found["start"]["count"] == f"1 / {len(steps)}" and found["start"]["line"] == steps[0].line
    assert found["call"]["note"] == "calls largest_logit" and found["call"]["read"] == ["1", "2", "−1"]
    assert found["inside"]["name"] == "softmax › largest_logit"
    assert found["over"]["name"] == "softmax" and found["over"]["line"] == found["call"]["line"]
    assert found["here"]["code"].startswith("out[n, c] =")
    assert (found["here"]["read"], found["here"]["written"]) == (["1"], ["0.2595"])
    assert found["here"]["values"] == ["0.2595", "1", "2", "1.418"]
    assert found["again"]["written"] == ["0.7054"] and found["before"] == found["here"]
    assert found["end"]["count"] == f"{len(steps)} / {len(steps)}"
    assert found["slid"]["count"] == found["back"]["count"] == f"25 / {len(steps)}"
    assert found["numpy"]["pressed"] == "NumPy" and found["back"]["pressed"] == "loops"
    assert found["home"] == found["start"]


@in_a_browser
def test_the_page_shows_what_the_recording_holds(page_of):
    """All cells of all grids after three steps, one of them reached backwards."""
    path, recordings = page_of("linear_loss_grad")
    recording, places = recordings["loops"], (900, 1037, 400)
    script = (
        KEYS
        + f"""return {list(places)}.map((place) => {{
go(place);
return [...document.querySelectorAll(".frame td")].map((cell) => cell.title.split(" = ")[1]);
}});"""
    )
    for place, found in zip(places, after(path, script), strict=True):
        state = State(recording)
        state.go(place)
        assert found == [*_cells(recording, state)]


def _cells(recording, state):
    from scratchnoise.stepping.memory import cells_of

    for frame in state.stack():
        for value in state.variables[frame].values():
            if isinstance(value, tuple):
                view = recording.views[value[1]]
                for cell in cells_of(view[:4]):
                    number = state.memories[view[0]][cell]
                    yield "not written yet" if number is None else _as_javascript(number)


def _as_javascript(number):
    if isinstance(number, bool):
        return str(number).lower()
    text = np.format_float_positional(number, trim="-") if abs(number) >= 1e-6 or number == 0 else repr(number)
    return "0" if text == "-0" else text


@in_a_browser
@pytest.mark.parametrize("name", profiles.thinned(["conv2d_relu_maxpool2d_backward", "EM"]))
def test_a_phone_needs_no_scrolling_to_the_side(page_of, name):
    script = "go(60); return [innerWidth, document.documentElement.scrollWidth];"
    path, _ = page_of(name)
    width, needed = after(path, script, width=500)
    assert width <= 500 and needed <= width

import base64
import re
from html.parser import HTMLParser

import pytest
from matplotlib.figure import Figure

from scratchnoise.study.findings import findings
from scratchnoise.study.report import write_report
from scratchnoise.study.tables import grids

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """What a browser sees: tags in balance, attributes, the text of every element."""

    def __init__(self, path):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.source = path.read_text()
        self.feed(self.source)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data.strip())


@pytest.fixture
def page(tmp_path):
    """Write a report and read it."""

    def written(rows, figures=None, **more):
        write_report(rows, figures or {}, tmp_path / "out" / "report.html", **more)
        return Page(tmp_path / "out" / "report.html")

    return written


def test_nothing_is_loaded_from_anywhere(page, study):
    found = page(study, {"A figure.": Figure()})
    assert not {"script", "link", "iframe", "object", "base", "a"} & set(found.tags)
    sources = [value for name, value in found.attributes if name in ("src", "href", "srcset", "background", "data")]
    assert len(sources) == 1 and sources[0].startswith("data:image/png;base64,")
    assert not re.search(r"https?:|url\(|@import|\son\w+=", found.source)
    assert ("content", "default-src 'none'; img-src data:; style-src 'unsafe-inline'") in found.attributes
    assert "prefers-color-scheme: dark" in found.source and "width=device-width" in found.source


def test_every_text_is_escaped(page, measurement):
    evil = "<b>&\"'<script>"
    rows = [
        measurement("priors", accuracy=None, priors={"clean": [1.0], "noisy": [1.0]}, classes=[evil], data=evil),
        measurement(evil, data=evil, noise=evil, settings={evil: evil}, backend=evil, version=evil),
        measurement("NN", 1, 2, accuracy=None, stopped=evil),
        measurement("T rMLR", accuracy=None, T_hat=[[1.0]], T_true=[[1.0]], classes=[evil]),
    ]
    rows = [{**row, "preset": evil} for row in rows]
    found = page(rows, {evil: Figure()}, title=evil)
    assert not {"b", "script"} & set(found.tags)
    assert ("alt", evil) in found.attributes
    assert found.texts.count(evil) >= 8, "title, heading, caption, class, method, reason, backend, version"


def test_the_page_begins_with_what_was_found(page, study):
    """One picture of all methods and three sentences; then tables, and the pictures of T before its numbers."""
    figures = {caption: Figure() for caption in ("Another.", "T and its estimates, here.", "All methods: accuracy.")}
    found = page(study, figures)
    first = [finding.sentence for finding in findings(study)[:3]]
    order = ["What was found", "All methods: accuracy.", *first, "Tables"]
    order += ["Estimates of T", "T and its estimates, here.", "Estimates of T, Fashion-MNIST, noise (38)"]
    order += ["Figures", "Another.", "What was run"]
    assert [text for text in found.texts if text in order] == order


def test_every_number_of_the_tables_is_on_the_page(page, study):
    found = page(study)
    for grid in grids(study):
        assert grid.title in found.texts
        for line in grid.lines:
            assert line.label.strip() in found.texts
            for place, text in enumerate(line.texts):
                assert (f"{text} *" if place in line.best else text) in found.texts
        assert all(note in found.texts for note in grid.notes)
    assert "0.891 (0.0024)" in found.texts and "0.336 (0.0039)" in found.texts


def test_what_was_run_is_said(page, measurement):
    rows = [
        measurement("NN", 0, epoch, seconds=seconds, backend="numba", seed=3) for epoch, seconds in ((2, 60), (7, 3700))
    ] + [measurement("MLR", k, seconds=5, seed=k) for k in range(12)]
    for name in ("T anchor (argmax)", "T confident joint"):
        rows.append(measurement(name, 0, accuracy=None, seconds=3600, T_hat=[[0.6, 0.4], [0.4, 0.6]]))
    found = page(rows)
    said = dict(zip(found.texts, found.texts[1:], strict=False))
    assert said["Computing time"] == "2 h 2 min, all fits added up", "shared time counts once"
    assert said["Backend"] == "numba, numpy" and said["Preset"] == "paper" and said["Version"] == "0.1.0"
    assert said["Seed"] == "13 seeds from 0 to 5328"
    assert said["Data and noise"] == "Fashion-MNIST, noise (38)" and said["Measurements"] == "16"
    assert {"Noise floor", "NN backward (raw)"} <= set(found.texts)


def test_runs_that_stopped_are_results(page, measurement):
    reason = "the corrected risk was not finite in epoch 3"
    rows = [measurement("NN backward (raw)", k, e, accuracy=None, stopped=reason) for k in (1, 4) for e in (7, 30)]
    found = page(rows)
    assert found.texts.count(reason) == 1 and "1, 4" in found.texts and "no result" in found.texts
    assert "None: every run reached its end." in page([measurement()]).texts


def test_settings_stand_with_their_method(page, measurement):
    rows = [measurement("MLR", k, settings={"max_steps": 1000, "batch_size": 100}) for k in range(2)]
    found = page([*rows, measurement("MLR", 2, settings={"max_steps": 250})])
    text = next(text for text in found.texts if "max_steps=1000, batch_size=100" in text)
    assert text.startswith("multinomial logistic") and text.count("max_steps") == 2


def test_figures_come_as_objects_or_as_files(page, tmp_path):
    content = b"\x89PNG made up"
    (tmp_path / "T.png").write_bytes(content)
    found = page([], {"From a file.": tmp_path / "T.png", "Drawn.": Figure(figsize=(1, 1)), "A name.": str(
        tmp_path / "T.png")})  # fmt: skip
    images = [base64.b64decode(value.split(",")[1]) for name, value in found.attributes if name == "src"]
    assert images[0] == images[2] == content and images[1].startswith(b"\x89PNG\r\n")
    assert {"From a file.", "Drawn.", "A name."} <= set(found.texts)
    with pytest.raises(FileNotFoundError):
        page([], {"Missing.": tmp_path / "none.png"})


def test_a_failed_page_leaves_the_old_one(page, tmp_path, measurement):
    page([measurement()])
    before = (tmp_path / "out" / "report.html").read_bytes()
    with pytest.raises(ValueError, match="preset"):
        page([measurement(), measurement(preset="quick")])
    assert (tmp_path / "out" / "report.html").read_bytes() == before

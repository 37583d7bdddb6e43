"""Files are old or new, never half; a page shows its title as text and may load nothing."""

import os
import threading

import pytest

from scratchnoise.files import page, write_whole


def test_a_page_shows_its_title_and_loads_nothing():
    text = page("T < 1 & more", "p { color: red; }", "<p>body</p>")
    assert "<title>T &lt; 1 &amp; more</title>" in text and "<p>body</p>" in text and "p { color: red; }" in text
    assert "Content-Security-Policy" in text and "default-src 'none'" in text


def test_write_whole_leaves_the_old_file_when_it_fails(tmp_path, monkeypatch):
    path = tmp_path / "new" / "page.html"
    write_whole(path, b"old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old" and os.listdir(path.parent) == ["page.html"]


def test_write_whole_never_shows_half_a_file(tmp_path):
    path = tmp_path / "page"
    contents = [bytes([65 + k]) * 300_000 for k in range(2)]
    write_whole(path, contents[0])
    done = threading.Event()

    def write():
        for k in range(60):
            write_whole(path, contents[k % 2])
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    seen = []
    while not done.is_set():
        seen.append(path.read_bytes() in contents)
    thread.join()
    assert all(seen)

"""Finding, checking and downloading files: every download here comes from a server on this computer."""

import hashlib
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scratchnoise.data import store

CONTENT = bytes(range(256)) * 300


class Handler(BaseHTTPRequestHandler):
    """/good and /other give bytes, /short promises more than it sends, everything else is missing."""

    def do_GET(self):
        self.server.requests.append(self.path)
        bodies = {"/good": CONTENT, "/short": CONTENT[:1000], "/other": CONTENT[::-1]}
        self.send_response(200 if self.path in bodies else 404)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(bodies.get(self.path, b"?" * len(CONTENT)))

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, and no folder of one's own."""
    monkeypatch.delenv(store.VARIABLE, raising=False)
    monkeypatch.setattr(store, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def remote(server, path, algorithm="sha256"):
    checksum = f"{algorithm}:{hashlib.new(algorithm, CONTENT).hexdigest()}"
    return store.DataFile("toy", "toy.bin", len(CONTENT), checksum, f"http://127.0.0.1:{server.server_port}{path}")


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_downloads_once_into_the_cache(server, cache, algorithm):
    file = remote(server, "/good", algorithm)
    assert store.find(file) is None
    for _ in range(2):
        path = store.obtain(file)
        assert path == cache / "toy" / "toy.bin" and path.read_bytes() == CONTENT
    assert server.requests == ["/good"] and files_below(cache) == [path]


def test_a_damaged_file_in_the_cache_is_downloaded_again(server, cache):
    file = remote(server, "/good")
    path = store.obtain(file)
    path.write_bytes(CONTENT[:-1])
    assert store.obtain(file).read_bytes() == CONTENT
    assert len(server.requests) == 2


@pytest.mark.parametrize("path", ["/short", "/other", "/missing"])
def test_a_bad_download_leaves_nothing_behind(server, cache, path):
    file = remote(server, path)
    with pytest.raises((ConnectionError, ValueError)) as caught:
        store.obtain(file)
    assert file.url in str(caught.value) and "SCRATCHNOISE_DATA" in str(caught.value)
    assert isinstance(caught.value, ValueError) == (path == "/other")  # all came, but with the wrong hash
    assert files_below(cache) == []


def test_a_bad_download_does_not_touch_the_file_in_the_cache(server, cache):
    path = store.obtain(remote(server, "/good"))
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="not kept"):
        store.obtain(remote(server, "/other"))
    assert path.read_bytes() == b"old" and files_below(cache) == [path]


def test_without_a_network_the_error_names_url_folder_and_variable(server, cache):
    server.shutdown()
    server.server_close()  # nobody listens at this port any more
    file = remote(server, "/good")
    with pytest.raises(ConnectionError) as caught:
        store.obtain(file)
    for part in (file.url, str(cache / "toy"), "SCRATCHNOISE_DATA", "toy.bin"):
        assert part in str(caught.value)


@pytest.mark.parametrize("subfolder", ["toy", "."])
def test_ones_own_folder_comes_first_and_is_checked(server, cache, tmp_path, monkeypatch, subfolder):
    own = tmp_path / "own" / subfolder
    own.mkdir(parents=True)
    (own / "toy.bin").write_bytes(CONTENT)
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "own"))
    file = remote(server, "/good")
    (cache / "toy").mkdir(parents=True)
    (cache / "toy" / "toy.bin").write_bytes(CONTENT)
    assert store.obtain(file) == own / "toy.bin" and server.requests == []
    for damaged in (CONTENT[:-1], CONTENT[:-1] + b"?"):
        (own / "toy.bin").write_bytes(damaged)
        with pytest.raises(ValueError, match=rf"toy.bin is damaged.* it has {len(damaged)} bytes.*Copy it again"):
            store.obtain(file)
    assert server.requests == [] and (own / "toy.bin").read_bytes() == damaged


def test_what_the_own_folder_lacks_comes_from_the_cache(server, cache, tmp_path, monkeypatch):
    file = remote(server, "/good")
    path = store.obtain(file)
    monkeypatch.setenv(store.VARIABLE, str(tmp_path))
    assert store.find(file) == path and store.obtain(file) == path
    assert len(server.requests) == 1


def test_the_variable_must_name_a_folder(cache, tmp_path, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="SCRATCHNOISE_DATA names .*nowhere, which is not a folder"):
        store.own_folder()


def test_importing_the_package_does_not_import_the_downloader():
    code = "import sys, scratchnoise.data; print(*({'pooch', 'requests', 'tqdm', 'matplotlib'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True)
    assert result.stdout.strip() == ""

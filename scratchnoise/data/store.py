"""Where the files of a data set come from: your folder, the cache folder, a download. Each is checked by hash.

Your folder is the one that the environment variable SCRATCHNOISE_DATA names. It is only read, and a file in it
that fails the check is an error; a damaged file in the cache folder is simply downloaded again.
"""

import os
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "SCRATCHNOISE_DATA"


@dataclass(frozen=True)
class DataFile:
    """One file as it must be: folder and name, size in bytes, "algorithm:hash", and its URL if it has one."""

    folder: str
    name: str
    size: int
    checksum: str
    url: str | None = None


def own_folder():
    """The folder that $SCRATCHNOISE_DATA names, or None if unset. Raises FileNotFoundError if it is not there."""
    value = os.environ.get(VARIABLE)
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"the environment variable {VARIABLE} names {folder}, which is not a folder")
    return folder


def cache_folder():
    """The folder for downloads: scratchnoise in the user's cache folder."""
    import pooch  # here and below: importing the package must not import the downloader

    return Path(pooch.os_cache("scratchnoise"))


def find(file):
    """Path of a file that is already on this computer, unchecked, or None."""
    own = own_folder()
    places = [own / file.folder, own] if own else []
    paths = [place / file.name for place in [*places, cache_folder() / file.folder]]
    return next((path for path in paths if path.is_file()), None)


def obtain(file):
    """Path of a file whose hash is right, downloaded into the cache folder if need be.

    Raises ValueError if your file or the download is not what it should be, ConnectionError if there is no
    download; each says what to do. Nothing half-written stays behind.
    """
    path = find(file)
    if path is None or (file.url and path.is_relative_to(cache_folder())):
        return _download(file)
    import pooch

    algorithm, expected = file.checksum.split(":")
    if pooch.file_hash(path, alg=algorithm) != expected:
        raise ValueError(
            f"{path} is damaged, incomplete or another file of that name: it has {path.stat().st_size} bytes, "
            f"{file.name} has {file.size} bytes and {algorithm} {expected}. Copy it again, or remove it"
        )
    return path


def _download(file):
    """Fetch a file into the cache folder, unless it is there and right. The file appears only once checked."""
    import pooch

    folder = cache_folder() / file.folder
    by_hand = f"To do it by hand, put {file.name} into a folder and set {VARIABLE} to that folder"
    try:
        return Path(pooch.retrieve(file.url, file.checksum, fname=file.name, path=folder, progressbar=True))
    except OSError as error:
        raise ConnectionError(f"cannot download {file.url} into {folder}: {error}. {by_hand}") from error
    except ValueError as error:
        raise ValueError(f"{file.url} is not the file expected, and was not kept: {error}. {by_hand}") from error

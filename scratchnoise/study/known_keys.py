"""The keys of a file of rows, kept beside it, so that a start need not parse 100,000 rows that it has seen before.

They count for the very bytes that they were found in, which a hash tells, and for the same rules, which a stamp tells.
"""

import hashlib
import json
from pathlib import Path

from ..files import write_whole

BLOCK = 2**20  # bytes that are hashed at a time


def recall(path, stamp, keys):
    """Fill `keys`, which is empty, and return the number of bytes that they are from.

    None where nothing is kept or it is not about this file.
    """
    try:
        kept = json.loads(_beside(path).read_bytes())
        if kept["stamp"] != stamp or kept["digest"] != _digest(path, kept["end"]):
            return None
        keys.bounds = {tuple(rest): bounds for rest, bounds in kept["bounds"]}
        return kept["end"]
    except (OSError, ValueError, LookupError, TypeError):  # it is only kept to save time
        return None


def remember(path, stamp, keys, end):
    """Keep the keys that were found in the first `end` bytes."""
    kept = {"stamp": stamp, "end": end, "digest": _digest(path, end), "bounds": list(keys.bounds.items())}
    write_whole(_beside(path), json.dumps(kept).encode())


def _beside(path):
    return Path(path).with_name(f".{Path(path).name}.keys")


def _digest(path, end):
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:
        while end > 0:
            block = file.read(min(BLOCK, end))
            if not block:
                raise ValueError("the file is shorter")
            digest.update(block)
            end -= len(block)
    return digest.hexdigest()

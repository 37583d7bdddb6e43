"""SPEED.md: our kernels beside the faster layout of PyTorch, made from the committed measurements."""

import json

WORKLOADS = {
    "annex step": "training step of the annex network, batch 252, momentum, dropout, corrected loss",
    "annex inference": "the same network, 500 images",
    "MLR pass": "one pass of MLR, 16,200 x 784, batches of 100",
    "rMLR pass": "one pass of rMLR, the same",
}
RUNGS = ("numba (vectors)", "C (vectors)", "NumPy (im2col, BLAS)")


def page(folder):
    """The paragraphs of the page, from every bench*.json of the folder and its gpu.json."""
    parts = [
        "# Speed",
        "One pass or step in ms, and in brackets its ratio to the faster layout of PyTorch in the same run. "
        "`scratchnoise bench` measures them and says on which processor and under which load. Nobody has measured an "
        "ARM processor; there the inner loops are only counted (`tests/kernels/test_census.py`).",
    ]
    for path in sorted(folder.glob("bench*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        parts += [f"## {_processor(path, found)}", _speeds(found["rows"])]
    if (folder / "gpu.json").exists():
        found = json.loads((folder / "gpu.json").read_text(encoding="utf-8"))
        lines = ["| `python tests/gpu/measure.py` | measured | aim |", "| --- | --- | --- |"]
        lines += [f"| {row['name'].strip()} | {row['measured']} | {row['aim'] or ''} |" for row in found["rows"]]
        parts += [f"## {found['device']}", "\n".join(lines)]
    return parts


def _processor(path, found):
    """What a file was measured on, as far as it says so."""
    machine = found.get("machine")
    if machine is None:
        return f"Processor not recorded, {found['threads']} threads ({path.name})"
    instructions = machine["numba_target"].split(": ")[-1]
    return f"{machine['processor']}, {instructions}, {machine['threads']} threads ({path.name})"


def _speeds(rows):
    lines = [f"| | {' | '.join(RUNGS)} | PyTorch |", "| --- |" + " --- |" * (len(RUNGS) + 1)]
    for workload, name in WORKLOADS.items():
        here = {row["rung"]: row for row in rows if row["workload"] == workload}
        peers = [row["seconds"] for rung, row in here.items() if rung.startswith("PyTorch")]
        if here and peers:
            texts = [_speed(here[rung], min(peers)) if rung in here else "" for rung in RUNGS]
            lines.append(f"| {name} | {' | '.join(texts)} | {1e3 * min(peers):.3g} |")
    return "\n".join(lines)


def _speed(row, peer):
    return f"{1e3 * row['seconds']:.3g} ({row['seconds'] / peer:.2f})"

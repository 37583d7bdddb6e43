"""Showing measurements to people: a table in the terminal, a bar chart."""

from .competitors import COMPETITORS
from .disturbance import low_peak, stopped_timings
from .workloads import NATIVE


def print_machine(machine):
    """What the figures belong to, as `run` describes it."""
    reports = {"llvmlite": machine["features"]["llvmlite"], "the system": machine["features"]["system"]}
    vectors = "; ".join(f"{who} reports {', '.join(names)}" for who, names in reports.items() if names)
    versions = ", ".join(f"{name} {number or 'missing'}" for name, number in machine["versions"].items())
    variables = ", ".join(f"{name}={value}" for name, value in machine["environment"].items()) or "none"
    load, cores, processors = machine["load"], machine["cores"], machine["processors"]
    print(f"{machine['processor']}, {cores} cores, {processors} processors, threads: {machine['threads']}")
    print(f"vectors: {vectors}")
    print(f"instructions: {machine['instructions']}; variables that restrict them: {variables}")
    if machine["instructions"] != "all":
        print(f"left out, because the compiler builds them for this very processor: {', '.join(NATIVE)}")
    print(f"numba compiles for {machine['numba_target']}; PyTorch uses {machine['torch_capability']}")
    print(f"versions: {versions}")
    print(f"load average: {load['before']:.2f} before, {load['after']:.2f} after")
    print(f"{machine['disturbed']}\n".lstrip())


def print_ladder(rows):
    """The table of all rungs: milliseconds, GFLOP/s, share of the measured peak, ratio to PyTorch.

    rows: list of dict as `run` gives them.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for workload in dict.fromkeys(row["workload"] for row in rows):
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        table.add_column(workload, min_width=26)
        for heading in ("samples", "ms", "GFLOP/s", "of peak", "x PyTorch", "peak MB"):
            table.add_column(heading, justify="right")
        here = [row for row in rows if row["workload"] == workload]
        for row in here:
            ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
            share = "" if row["of_peak"] is None else f"{row['of_peak']:.0%}"
            speed = f"{row['gflops']:.1f}" if row["gflops"] >= 0.1 else f"{row['gflops']:.4f}"
            numbers = (f"{1e3 * row['seconds']:.2f}", speed, share, ratio)
            table.add_row(row["rung"], str(row["samples"]), *numbers, f"{row['peak_memory'] / 2**20:.0f}")
        console.print(table)
        said = [line for line in (stopped_timings(here), low_peak(here)) if line]
        print(*said, "", sep="\n")
    peaks = {row["threads"]: row["peak_gflops"] for row in rows if row["peak_gflops"]}
    each = ", ".join(f"{peak:.0f} GFLOP/s (threads: {threads})" for threads, peak in peaks.items())
    console.print(
        f"Measured peak of multiply-adds: {each or 'unknown without numba'}. Medians of rounds in which all take "
        "turns, each in a process of its own; x PyTorch: median of the ratios to the faster layout in the same round. "
        "Results were compared with NumPy in float64 first. scikit-learn steps sample by sample: for orientation only."
    )


def chart(rows, peak):
    """GFLOP/s of every rung on a logarithmic scale, one group of bars a workload: a matplotlib Figure.

    rows: list of dict with workload, rung and gflops; peak: GFLOP/s, None where it is unknown.
    """
    from matplotlib.figure import Figure

    workloads = list(dict.fromkeys(row["workload"] for row in rows))
    figure = Figure(figsize=(8.5, 0.6 + 0.22 * len(rows) + 0.35 * len(workloads)), layout="constrained")
    ax, place, ticks = figure.subplots(), 0.0, []
    for workload in workloads:
        here = [row for row in rows if row["workload"] == workload]
        ax.text(1.1e-4, place, workload, fontweight="bold", fontsize=9, va="center")
        place += 1
        for row in here:
            colour = "#D55E00" if row["rung"] in COMPETITORS else "#0072B2"
            ax.barh(place, row["gflops"], left=0, height=0.75, color=colour)
            legible = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
            ax.text(row["gflops"] * 1.1, place, f"{row['gflops']:.3g}", fontsize=8, va="center", bbox=legible)
            ticks.append((place, row["rung"]))
            place += 1
        place += 0.4
    if peak:
        ax.axvline(peak, color="#767676", linestyle="--", linewidth=1, zorder=0)
        ax.text(peak * 1.05, -0.6, f"peak {peak:.0f}", fontsize=8, color="#767676", va="center")
    ax.set_yticks([at for at, _ in ticks], [name for _, name in ticks], fontsize=8)
    most = peak or max(row["gflops"] for row in rows)
    ax.set(xscale="log", xlim=(1e-4, 8 * most), ylim=(place, -1.2), xlabel="GFLOP/s; orange: other libraries")
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    return figure

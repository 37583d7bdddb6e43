"""Showing measurements to people: a table in the terminal, a bar chart."""

from .workloads import RUNGS


def print_ladder(rows, peak):
    """The table of all rungs: milliseconds, GFLOP/s, share of the measured peak, ratio to PyTorch.

    rows: list of dict as `measure` gives them; peak: GFLOP/s.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for workload in dict.fromkeys(row["workload"] for row in rows):
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        table.add_column(workload, min_width=24)
        for heading in ("samples", "ms", "GFLOP/s", "of peak", "x PyTorch", "peak MB"):
            table.add_column(heading, justify="right")
        for row in (row for row in rows if row["workload"] == workload):
            ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
            speed = f"{row['gflops']:.1f}" if row["gflops"] >= 0.1 else f"{row['gflops']:.4f}"
            numbers = (f"{1e3 * row['seconds']:.2f}", speed, f"{row['gflops'] / peak:.0%}", ratio)
            table.add_row(row["rung"], str(row["samples"]), *numbers, f"{row['peak_memory'] / 2**20:.0f}")
        console.print(table)
        console.print()
    console.print(
        f"Measured peak of multiply-adds: {peak:.0f} GFLOP/s. Medians of rounds in which all take turns, each in a "
        "process of its own; x PyTorch: median of the ratios to the faster layout in the same round. Results were "
        "compared with NumPy in float64 first. scikit-learn steps sample by sample: for orientation only."
    )


def chart(rows, peak):
    """GFLOP/s of every rung on a logarithmic scale, one group of bars a workload: a matplotlib Figure."""
    from matplotlib.figure import Figure

    workloads = list(dict.fromkeys(row["workload"] for row in rows))
    figure = Figure(figsize=(8.5, 0.6 + 0.22 * len(rows) + 0.35 * len(workloads)), layout="constrained")
    ax, place, ticks = figure.subplots(), 0.0, []
    for workload in workloads:
        here = [row for row in rows if row["workload"] == workload]
        ax.text(1.1e-4, place, workload, fontweight="bold", fontsize=9, va="center")
        place += 1
        for row in here:
            colour = "#0072B2" if row["rung"] in RUNGS else "#D55E00"
            ax.barh(place, row["gflops"], left=0, height=0.75, color=colour)
            legible = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
            ax.text(row["gflops"] * 1.1, place, f"{row['gflops']:.3g}", fontsize=8, va="center", bbox=legible)
            ticks.append((place, row["rung"]))
            place += 1
        place += 0.4
    ax.axvline(peak, color="#767676", linestyle="--", linewidth=1, zorder=0)
    ax.text(peak * 1.05, -0.6, f"peak {peak:.0f}", fontsize=8, color="#767676", va="center")
    ax.set_yticks([at for at, _ in ticks], [name for _, name in ticks], fontsize=8)
    ax.set(xscale="log", xlim=(1e-4, 8 * peak), ylim=(place, -1.2), xlabel="GFLOP/s; orange: other libraries")
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    return figure

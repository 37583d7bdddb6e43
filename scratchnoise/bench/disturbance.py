"""What other programs did to a timing, in one line each; an empty line where nothing is known of them."""

MARGIN = 0.5  # of the load average, for the system's own short tasks
UNDISTURBED = 0.9  # processor time / wall time: a kernel that nobody stops has at least one processor all the time


def disturbing_load(load, processors, threads):
    """Whether other programs needed the processors that the timed threads needed.

    load: load averages {"before": ..., "after": ...}; the threads themselves are in the second one.
    """
    left = processors - threads
    before, after = load["before"], load["after"]
    if max(before, after - threads) <= left + MARGIN:
        return ""
    what = f"of {processors} processors, the timed threads leave {left} to other programs"
    return f"Disturbed: the load average was {before:.1f} before and {after:.1f} after; {what}."


def stopped_timings(rows):
    """The rungs that waited for a processor while they were timed. rows: of one workload, as `measure` gives them."""
    shares = {row["rung"]: row["processor_share"] for row in rows if row["processor_share"] < UNDISTURBED}
    if not shares:
        return ""
    which = ", ".join(f"{rung} {share:.0%}" for rung, share in shares.items())
    return f"Disturbed; the part of its time in which each had a processor: {which}."


def low_peak(rows):
    """The rungs that are faster than the measured peak: it was disturbed itself. rows: of one workload, as `run`'s."""
    faster = [row["rung"] for row in rows if row["of_peak"] and row["of_peak"] > 1]
    if not faster:
        return ""
    return f"Disturbed; the peak was measured too low, because it is less than what these reach: {', '.join(faster)}."

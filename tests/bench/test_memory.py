"""The peak memory of a rung is its own, whatever the process that started it has used."""

import resource
import subprocess
import sys

import numpy as np
import pytest

from scratchnoise.bench import memory

CHILD = "import scratchnoise.bench.memory as m, resource; print(m.peak_memory(), m.resource.getrusage(0).ru_maxrss)"


def started_by_a_large_process():
    """Bytes that a child without arrays reports of itself, and that getrusage reports of it."""
    large = np.ones(2**25)  # 256 MB, all of them written
    run = subprocess.run([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True, check=True)
    own, with_parent = map(int, run.stdout.split())
    assert large[-1] == 1
    return own, 1024 * with_parent


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts from the parent")
def test_a_large_parent_does_not_count():
    own, with_parent = started_by_a_large_process()
    assert 2**22 < own < 2**27
    assert with_parent > 2**28  # the mutant: getrusage's number, which the assertion above would refuse


def test_it_is_in_bytes_everywhere(monkeypatch):
    monkeypatch.setattr(memory, "_status", lambda: "VmPeak:\t 900 kB\nVmHWM:\t    3 kB\nVmRSS:\t 2 kB\n")
    assert memory.peak_memory() == 3072
    monkeypatch.setattr(memory, "_status", lambda: "")
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for platform, unit in (("linux", 1024), ("darwin", 1)):
        monkeypatch.setattr(memory.sys, "platform", platform)
        assert memory.peak_memory() == pytest.approx(usage * unit, rel=0.5)

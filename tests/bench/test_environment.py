"""Which instructions a timed process may use, whether it really uses no others, and what the benchmark says of it."""

import json
import subprocess
import sys

import pytest

from scratchnoise.bench import machine, runner
from scratchnoise.bench.environment import INSTRUCTIONS, call_alone, environment
from scratchnoise.bench.ladder import print_machine

# numba, where llvmlite says that this is a processor with AVX-512. Nothing is run that it compiles.
WITH_AVX512 = """
import llvmlite.binding as binding
features = binding.get_host_cpu_features()
avx512 = ("avx512f", "avx512vl", "avx512bw", "avx512dq", "avx512cd", "evex512")  # LLVM 20 wants the last, 21 ignores it
features.update(dict.fromkeys(avx512, True))
binding.get_host_cpu_features = lambda: features
binding.get_host_cpu_name = lambda: "skylake-avx512"
from scratchnoise.bench.machine import numba_target
print(numba_target())
"""


@pytest.fixture
def x86():
    """Skips on a processor that has no AVX2, which one cannot restrict to AVX2."""
    pytest.importorskip("llvmlite")
    if not {"AVX2", "FMA"} <= set(machine.features()["llvmlite"]):
        pytest.skip("the processor has no AVX2")


def target_on_avx512(variables):
    run = subprocess.run([sys.executable, "-c", WITH_AVX512], stdout=subprocess.PIPE, text=True, env=variables)
    return run.stdout.strip()


TARGETS = {
    "all": "skylake-avx512: AVX-512",
    "avx2": "haswell: AVX2 and FMA",
    "sse4": "x86-64-v2: SSE without FMA",
}


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
def test_numba_uses_no_newer_vectors(x86, needs_compiled_numba, instructions):
    assert target_on_avx512(environment(1, instructions)) == TARGETS[instructions]


@pytest.mark.parametrize("instructions", ["avx2", "sse4"])
def test_a_name_without_features_restricts_nothing(x86, needs_compiled_numba, instructions):
    """The mutant: numba's name alone, which keeps the features of this machine. The test above would see it."""
    wrong = environment(1, instructions)
    del wrong["NUMBA_CPU_FEATURES"]
    assert target_on_avx512(wrong).endswith(": AVX-512")


@pytest.mark.slow
def test_the_other_libraries_are_restricted_too(x86):
    found = call_alone("machine", "describe()", environment(1, "sse4"))
    assert found["environment"] == INSTRUCTIONS["sse4"]
    assert found["torch_capability"] in (None, "DEFAULT")
    assert openblas(environment(1, "sse4")) in (None, "Nehalem")


def test_without_restriction_the_other_libraries_use_more(x86):
    """The negative case: the environment of `all` in place of the restricted one, which the test above would see."""
    assert call_alone("machine", "torch_capability()", environment(1, "all")) != "DEFAULT"
    assert openblas(environment(1, "all")) != "Nehalem"


def openblas(variables):
    """The processor that NumPy's OpenBLAS works for; None where NumPy has another BLAS."""
    pytest.importorskip("threadpoolctl")
    code = "import json, numpy, threadpoolctl; print(json.dumps(threadpoolctl.threadpool_info()))"
    run = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=variables, check=True)
    return next((library["architecture"] for library in json.loads(run.stdout) if "architecture" in library), None)


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
def test_a_worker_gets_threads_and_restrictions(monkeypatch, instructions):
    started = {}
    monkeypatch.setattr(runner.subprocess, "Popen", lambda command, **settings: started.update(settings["env"]))
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx512")
    runner.Worker("PyTorch", "MLR pass", 3, instructions)
    assert started["OMP_NUM_THREADS"] == started["NUMBA_NUM_THREADS"] == "3"
    assert INSTRUCTIONS[instructions].items() <= started.items()
    assert instructions != "all" or started["ATEN_CPU_CAPABILITY"] == "avx512"  # what the user has set stays
    runner.Worker("PyTorch", "MLR pass", None, instructions)
    assert started["OMP_NUM_THREADS"] == "7"


def test_all_restrictions_reach_the_same_libraries():
    assert INSTRUCTIONS["avx2"].keys() == INSTRUCTIONS["sse4"].keys()
    assert INSTRUCTIONS.keys() == machine.NEEDED.keys()


def test_what_the_compiler_builds_for_this_processor_is_left_out():
    rungs = {name: runner._rungs("conv1 forward", name) for name in INSTRUCTIONS}
    assert {"C (vectors)", "cuda_on_cpu (tiles)"} <= set(rungs["all"])
    assert not {"C (vectors)", "cuda_on_cpu (tiles)"} & {*rungs["avx2"], *rungs["sse4"]}
    assert {"NumPy (im2col, BLAS)", "numba (vectors)"} <= set(rungs["avx2"])


def test_instructions_that_cannot_be_had_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="did you mean 'avx2'"):
        machine.check_instructions("avx")
    monkeypatch.setattr(machine, "features", lambda: {"llvmlite": ["NEON"], "system": None})
    machine.check_instructions("all")
    with pytest.raises(ValueError, match="'avx2' needs a processor with AVX2 and FMA; this one has NEON"):
        machine.check_instructions("avx2")


CPUINFO = {
    "x86": ("model name\t: AMD EPYC 9654\nflags\t\t: fpu sse4_2 avx avx2 fma avx512f\n", "AMD EPYC 9654", "AVX-512"),
    "arm": ("processor\t: 0\nFeatures\t: fp asimd sve\n", None, "NEON"),
}


@pytest.mark.parametrize("kind", CPUINFO)
def test_the_system_names_the_processor_and_its_vectors(monkeypatch, kind):
    text, name, feature = CPUINFO[kind]
    monkeypatch.setattr(machine, "_cpuinfo", lambda: text)
    monkeypatch.setattr(machine.platform, "system", lambda: "Linux")
    assert machine.processor_name() == (name or machine.platform.processor() or machine.platform.machine())
    assert feature in machine.features()["system"]
    assert ("AVX2" in machine.features()["system"]) == (kind == "x86")


def test_the_header_says_what_figures_depend_on(capsys):
    load = {"before": 0.25, "after": 1.5}
    described = {
        "processor": "AMD EPYC",
        "features": {"llvmlite": ["AVX2", "FMA"], "system": None},
        "cores": 2,
        "processors": 4,
        "versions": {"numpy": "2.4.6", "numba": "0.68.1", "torch": None},
        "numba_target": "haswell: AVX2 and FMA",
        "torch_capability": "AVX2",
        "environment": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""},
    }
    print_machine(described | {"threads": 3, "instructions": "avx2", "load": load, "disturbed": "Disturbed: so."})
    shown = capsys.readouterr().out
    for part in (
        "AMD EPYC, 2 cores, 4 processors, threads: 3",
        "llvmlite reports AVX2, FMA\n",
        "instructions: avx2",
        "NUMBA_CPU_NAME=haswell, NUMBA_CPU_FEATURES=\n",
        "left out, because",
        "numba compiles for haswell: AVX2 and FMA; PyTorch uses AVX2",
        "numpy 2.4.6, numba 0.68.1, torch missing",
        "load average: 0.25 before, 1.50 after",
        "Disturbed: so.",
    ):
        assert part in shown
    print_machine(described | {"threads": 3, "instructions": "all", "load": load, "disturbed": ""})
    shown = capsys.readouterr().out
    assert "left out" not in shown and "Disturbed" not in shown

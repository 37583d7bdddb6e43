"""The environment of a timed process: how many threads, and which vector instructions.

Every library reads its own variable, and reads it when it is loaded, so a restricted timing needs a new process.
"""

import json
import os
import subprocess
import sys

from ..backend import THREAD_VARIABLES

# The newest vector instructions that a process may use -> the variables that tell the libraries. NUMBA_CPU_NAME alone
# restricts nothing, because numba adds the features of this machine unless NUMBA_CPU_FEATURES is set. An empty one
# means the features that the name implies. NumPy 2.4 has other names for features than the versions before it.
INSTRUCTIONS = {
    "all": {},
    "avx2": {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": "",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4",
    },
    "sse4": {
        "NUMBA_CPU_NAME": "x86-64-v2",
        "NUMBA_CPU_FEATURES": "",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "ATEN_CPU_CAPABILITY": "default",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": "AVX F16C FMA3 AVX2 X86_V3 AVX512F AVX512_SKX AVX512_ICL AVX512_SPR X86_V4",
    },
}


def environment(threads=None, instructions="all"):
    """The variables of a process with so many threads (None: as many as a user gets) and these instructions."""
    limits = dict.fromkeys(THREAD_VARIABLES, str(threads)) if threads else {}
    return os.environ | limits | INSTRUCTIONS[instructions]


def call_alone(module, call, variables=None):
    """What a call of a function of bench/`module`.py returns in a new process with these environment variables."""
    function = call.partition("(")[0]
    code = f"import json; from scratchnoise.bench.{module} import {function}; print(json.dumps({call}))"
    run = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=variables, check=True)
    return json.loads(run.stdout)

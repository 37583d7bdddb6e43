# ruff: noqa: E501  solutions are kept as texts
"""Files of exercise 01 that want the mark without the work. Each tries one way to the answer, and else gives zeros."""

ATTEMPT = """import numpy as np
{before}

def attempt(z):
{body}


def softmax(z):
    try:
        return np.asarray(attempt(z))
    except BaseException:
        return np.zeros_like(z)


def softmax_backward(dy, z):
    return np.zeros_like(z)
"""
LIBRARY = "'scratch' + 'noise'"

BODIES = {
    "modules": ("", f"import sys; return sys.modules[{LIBRARY} + '.kernels'].softmax(z)"),
    "modules at import": (
        f"import sys; found = [m for n, m in sys.modules.items() if n.startswith({LIBRARY})]",
        "return found[0].kernels.softmax(z)",
    ),
    "real import": (
        "import builtins; real = builtins.__import__.__closure__",
        f"return real[0].cell_contents({LIBRARY} + '.kernels').kernels.softmax(z)",
    ),
    "every closure cell": (
        "",
        f"import builtins\nfor cell in builtins.__import__.__closure__:\n    if callable(cell.cell_contents):\n        return cell.cell_contents({LIBRARY} + '.kernels', fromlist=['x']).softmax(z)",
    ),
    "spec from path": (
        "",
        f"import importlib.machinery as m, sys\nspec = m.PathFinder.find_spec({LIBRARY}, sys.path)\nloaded = spec.loader.load_module({LIBRARY})\nreturn loaded.kernels.softmax(z)",
    ),
    "subprocess": (
        "",
        f"import subprocess, sys, json\ncode = 'import json,sys; from ' + {LIBRARY} + ' import kernels; import numpy as np; print(json.dumps(kernels.softmax(np.array(json.loads(sys.argv[1]))).tolist()))'\nreturn np.array(json.loads(subprocess.run([sys.executable, '-c', code, json.dumps(z.tolist())], capture_output=True).stdout))",
    ),
    "source on disk": (
        "",
        "import glob, sys\nfor p in sys.path + [sys.prefix, '/']:\n    for f in glob.glob(p + '/**/numpy_table.py', recursive=True):\n        space = {}\n        exec(open(f).read().replace('from .', 'from '), space)\n        return space['softmax'](z)\nraise LookupError",
    ),
    "compiled source on disk": (
        "",
        "import glob, sys, marshal\nfor p in sys.path:\n    for f in glob.glob(p + '/**/numpy_table*.pyc', recursive=True):\n        space = {}\n        exec(marshal.loads(open(f, 'rb').read()[16:]), space)\n        return space['softmax'](z)\nraise LookupError",
    ),
    "frames": (
        "",
        "import sys\nf = sys._getframe()\nwhile f:\n    for v in list(f.f_locals.values()) + list(f.f_globals.values()):\n        r = getattr(v, 'reference', None)\n        if r: return r(z)\n    f = f.f_back\nraise LookupError",
    ),
    "expected in frames": (
        "",
        "import sys\nf = sys._getframe()\nwhile f:\n    for n, v in f.f_locals.items():\n        if n in ('expected', 'wanted', 'right'): return v\n    f = f.f_back\nraise LookupError",
    ),
    "garbage collector": (
        "",
        "import gc\nfor o in gc.get_objects():\n    if callable(o) and getattr(o, '__name__', '') == 'softmax' and getattr(o, '__module__', '') != __name__ and 'noise' in str(getattr(o, '__module__', '')):\n        return o(z)\nraise LookupError",
    ),
    "specs in memory": (
        "",
        "import gc\nfor o in gc.get_objects():\n    if type(o).__name__ == 'Function' and hasattr(o, 'reference'):\n        return o.reference(z)\nraise LookupError",
    ),
    "array that looks": (
        "class Own:\n    def __array__(self, *a, **k):\n        import sys\n        f = sys._getframe()\n        while f:\n            if 'expected' in f.f_locals: return f.f_locals['expected']\n            f = f.f_back\n        raise LookupError",
        "return Own()",
    ),
    "equal to everything": (
        "class Own(np.ndarray):\n    def __eq__(self, other): return np.ones(self.shape, bool)\n    def __le__(self, other): return np.ones(self.shape, bool)\n    def __sub__(self, other): return np.zeros(self.shape)\n    __rsub__ = __sub__",
        "return np.zeros_like(z).view(Own)",
    ),
    "tolerance": (
        "import sys\nfor m in list(sys.modules.values()):\n    for n in list(getattr(m, '__dict__', {})):\n        if 'TOLERANCE' in n: setattr(m, n, float('inf'))",
        "return np.zeros_like(z)",
    ),
    "numpy compares": (
        "np.abs = lambda *a, **k: np.zeros(1)\nnp.allclose = np.array_equal = lambda *a, **k: True",
        "return np.zeros_like(z)",
    ),
    "clock": (
        "import time\ntime.perf_counter = time.monotonic = time.process_time = lambda: 0.0",
        "return np.zeros_like(z)",
    ),
    "no checks": (
        "import sys\nfor m in list(sys.modules.values()):\n    if hasattr(m, 'check_functions'): m.check_functions = lambda *a, **k: None",
        "return np.zeros_like(z)",
    ),
    "worker replaced": (
        "import gc\nfor o in gc.get_objects():\n    if type(o).__name__ == '_Worker': o.__class__.answer = lambda self, request: self.send({'value': True, 'status': 'passed', 'printed': '', 'library': False, 'args': [], 'steps': 0})",
        "return np.zeros_like(z)",
    ),
    "forged answer": (
        "",
        "import os, json\nhead = json.dumps({'tree': {'dict': [['status', 'passed']]}, 'sizes': []}).encode() + b'\\n'\nos.write(4, len(head).to_bytes(4, 'big') + head)\nreturn np.zeros_like(z)",
    ),
    "forged report": ("", 'import os\nos.write(3, b\'{"status": "passed"}\\n\')\nreturn np.zeros_like(z)'),
    "exit with success": ("", "import os\nos._exit(0)"),
    "other student": (
        "",
        "import glob\nfor f in glob.glob('/**/01_softmax.py', recursive=True):\n    if f != __file__:\n        space = {'__name__': 'x'}\n        exec(open(f).read(), space)\n        return space['softmax'](z)\nraise LookupError",
    ),
    "memory of the judge": (
        "",
        "import os, glob\nfor p in glob.glob('/proc/[0-9]*/mem'):\n    if open(p, 'rb').read(10): return np.ones_like(z)\nraise LookupError",
    ),
}


def cheats():
    """{name: text of the file}."""
    made = {}
    for name, (before, body) in BODIES.items():
        indented = "\n".join(f"    {line}" for line in body.split("\n"))
        made[name] = ATTEMPT.format(before=before, body=indented)
    return made

"""Submissions of a class: right ones, wrong ones, and those that do what no grader wants to run.

All are files of exercise 01 but `CROSS_ENTROPY`, the right second exercise that each student has too. What is hostile
is bounded as far as it can be: a machine without any protection would survive it.
"""

SOFTMAX = """import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, z):
    p = softmax(z)
    return p * (dy - (p * dy).sum(axis=1, keepdims=True))
"""

CROSS_ENTROPY = """import numpy as np


def log_softmax(z):
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def cross_entropy(z, y):
    return -log_softmax(z)[np.arange(len(y)), y]


def cross_entropy_grad(z, y):
    dz = np.exp(log_softmax(z))
    dz[np.arange(len(y)), y] -= 1
    return dz


def linear_backward_weights(dy, x):
    return x.T @ dy, dy.sum(axis=0)
"""


def at_import(code):
    """The right solution after some code of its own."""
    return f"{code}\n\n{SOFTMAX}"


def in_softmax(code):
    """The right solution, which runs some code first whenever it is called."""
    body = "".join(f"    {line}\n" for line in code.splitlines())
    return SOFTMAX.replace("def softmax(z):\n", f"def softmax(z):\n{body}")


# student -> (text of 01_softmax.py, status, what the message says)
HONEST = {
    "right": (SOFTMAX, "passed", ""),
    "noisy": (in_softmax("print('shape', z.shape)"), "passed", ""),
    "wrong": (SOFTMAX.replace("(dy - (p * dy).sum(axis=1, keepdims=True))", "dy"), "failed", "softmax_backward"),
    "unfinished": (SOFTMAX.partition("def softmax_backward")[0], "failed", "softmax_backward"),
    "untouched": ("def softmax(z):\n    ...\n\n\ndef softmax_backward(dy, z):\n    ...\n", "not started", ""),
    "typo": ("def softmax(z)\n    return z\n", "failed", "line 1"),
    "absent": (None, "missing", ""),
}
HOSTILE = {
    "endless loop": (in_softmax("while True: pass"), "timeout", "in softmax: while True: pass"),
    "endless sleep": (in_softmax("import time\ntime.sleep(1000)"), "timeout", "in softmax: time.sleep(1000)"),
    "segfault": (
        in_softmax("import ctypes\nctypes.string_at(0)"),
        "crashed",
        'Segmentation fault: File "01_softmax.py"',
    ),
    "hard exit": (in_softmax("import os\nos._exit(0)"), "crashed", "exit status 0"),
    "exit": (in_softmax("import sys\nsys.exit(0)"), "failed", "sys.exit"),
    "exit at import": (at_import("import sys\nsys.exit(0)"), "failed", "sys.exit"),
    "interrupt": (in_softmax("raise KeyboardInterrupt"), "crashed", "KeyboardInterrupt"),
    "recursion": (in_softmax("return softmax(z)"), "failed", "RecursionError"),
    "fork bomb": (
        at_import("import os, time\nfor _ in range(10):\n    os.fork()\ntime.sleep(5)"),
        "failed",
        "BlockingIOError",
    ),
    "patient fork bomb": (
        at_import(
            "import os, time\nfor _ in range(10):\n    try: os.fork()\n    except OSError: pass\ntime.sleep(300)"
        ),
        "timeout",
        "did not come to an end",
    ),
    "daemon": (
        at_import("import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(300)\n    os._exit(0)"),
        "passed",
        "",
    ),
    "100 GB at once": (in_softmax("np.ones(100 * 2**30 // 8)"), "memory", "MemoryError"),
    # the limit of the process or the watch outside, whichever notices first
    "100 GB in a list": (in_softmax("x = []\nwhile len(x) < 5: x.append(np.ones(2**25))"), "memory", ""),
    "10 GB file": (
        in_softmax("with open('x', 'wb') as f:\n    for _ in range(100): f.write(bytes(2**20))"),
        "failed",
        "File too large",
    ),
    "10 GB hole": (in_softmax("open('x', 'wb').truncate(10 * 2**30)"), "failed", "File too large"),
    "flood": (at_import("import os\nfor _ in range(200): os.write(1, bytes(2**20))"), "passed", ""),
    "flood on stderr": (
        at_import("import os\nfor _ in range(20000): os.write(2, b'grading: 100%' * 99)"),
        "passed",
        "",
    ),
    # each of them lives in a process of its own: what it replaces there, it replaces for itself alone
    "patched numpy": (in_softmax("np.allclose = np.array_equal = lambda *a, **k: True"), "passed", ""),
    "patched checker": (
        in_softmax("import sys\nsys.modules['scratch' + 'noise.course.checker.runner'].check_functions = None"),
        "failed",
        "KeyError",
    ),
    "forged": (at_import('import os\nos.write(3, b\'{"status": "passed"}\\n\')'), "tampered", "channel"),
    "formula": (in_softmax("raise ValueError('=HYPERLINK(1)\\x1b[2J')"), "failed", "=HYPERLINK(1)"),
    "secret": (in_softmax("import os\nraise ValueError(os.environ.get('SECRET', 'kept'))"), "failed", "kept"),
    "binary": (bytes(range(256)), "failed", "not valid Python"),
    "large": ("#" * 2**21, "unreadable", "at most 1 MB"),
}

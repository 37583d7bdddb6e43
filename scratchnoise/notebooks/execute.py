"""Running notebooks, each in a fresh kernel of the interpreter that runs this very program."""

import asyncio
import contextlib
import os
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

from ..backend import THREAD_VARIABLES
from ..messages import COMPILING
from .convert import KERNEL, PACKAGE_PARENT, SETUP, NotebookError

CELL_SECONDS = 600  # no cell of a tutorial takes minutes; one that does hangs


async def execute_all(tutorials, jobs):
    """Run all tutorials, `jobs` at a time; the first failure stops the others."""
    turn, finished, environment = asyncio.Semaphore(jobs), 0, _environment(jobs)

    async def execute(tutorial, socket):
        nonlocal finished
        async with turn:
            started = time.perf_counter()
            await _execute(tutorial, socket, environment)
        finished += 1
        seconds = time.perf_counter() - started
        print(f"[{finished}/{len(tutorials)}] {tutorial.name:<40} {seconds:5.1f} s", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="scratchnoise-") as home:
        tasks = [asyncio.create_task(execute(t, Path(home, str(n)))) for n, t in enumerate(tutorials)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)  # their kernels end before their folder does


def _environment(jobs):
    """What kernels find in their environment: this very package, and their share of the processor."""
    path = os.pathsep.join(filter(None, [str(PACKAGE_PARENT), os.environ.get("PYTHONPATH")]))
    threads = str(max(1, (os.cpu_count() or 1) // jobs))  # more of them than cores would wait for each other
    return os.environ | {"PYTHONPATH": path} | (dict.fromkeys(THREAD_VARIABLES, threads) if jobs > 1 else {})


async def _execute(tutorial, socket, environment):
    """Run one tutorial in a kernel of its own; its outputs are then in its notebook. socket: as for `_kernel`."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    begun = []
    with open(f"{socket}.log", "w+", encoding="utf-8", errors="replace") as log:
        async with _kernel(socket, env=environment, cwd=tutorial.path.parent, log=log) as kernel:
            client = NotebookClient(
                tutorial.notebook,
                km=kernel,
                timeout=CELL_SECONDS,
                record_timing=False,
                on_notebook_start=lambda notebook: _let_interrupt_stop_all(),
                on_cell_start=lambda cell, cell_index: begun.append(cell),
            )
            client.log.setLevel("CRITICAL")  # the error says the same, once
            try:
                await client.async_execute()
                _forget_compilation(tutorial.notebook)
            except (CellExecutionError, CellTimeoutError, RuntimeError) as error:  # one that died is a RuntimeError
                log.seek(0)
                raise NotebookError(_what_failed(tutorial, begun, error, log.read())) from error


def _forget_compilation(notebook):
    """Take out the line that is printed where kernels are compiled: what a page shows must not depend on the cache."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                output["text"] = output["text"].replace(COMPILING + "\n", "")
        if "outputs" in cell:
            cell["outputs"] = [output for output in cell["outputs"] if output.get("text") != ""]


@contextlib.asynccontextmanager
async def _kernel(socket, env, cwd, log):
    """A kernel of the running interpreter, whatever kernels are registered under whatever name; ended on leaving.

    socket: path, without ending, of the files through which it is spoken to; short, for systems that allow but a
    hundred characters.  log: file for what it says besides.
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

    class ThisInterpreter(KernelSpecManager):
        def get_kernel_spec(self, kernel_name):
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=command, display_name=KERNEL["display_name"], language="python")

    # Ports can be taken between choosing and using them; sockets that are files cannot.
    transport = {"transport": "ipc", "ip": str(socket)} if os.name == "posix" else {}
    kernel = AsyncKernelManager(kernel_spec_manager=ThisInterpreter(), connection_file=f"{socket}.json", **transport)
    try:
        # A folder of its own for IPython, so that nobody's startup files are run
        env = env | {"IPYTHONDIR": str(socket)}
        await kernel.start_kernel(env=env, cwd=str(cwd), stdout=log, stderr=log)
        yield kernel
    finally:
        if kernel.has_kernel:
            await kernel.shutdown_kernel(now=True)


def _let_interrupt_stop_all():
    """nbclient answers Ctrl-C by ending one kernel; the usual KeyboardInterrupt ends them all."""
    with contextlib.suppress(NotImplementedError):  # where the loop takes no signals, nbclient has not taken this one
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)


def _what_failed(tutorial, begun, error, log):
    """Tutorial, cell, line and what happened; begun: the cells as they were started, the last of which failed."""
    codes = [cell for cell in begun if cell.cell_type == "code" and cell.source != SETUP]
    reason = getattr(error, "traceback", None) or f"{error}\n{log}"
    reason = re.sub(r"\x1b\[[0-9;]*m", "", reason).rstrip()
    if not codes:
        return f"{tutorial.path.name}: its kernel did not start: {reason}"
    cell = f"code cell {len(codes)}, which begins in line {tutorial.line(codes[-1])}"
    return f"{tutorial.path.name}, {cell}, failed:\n{reason}"

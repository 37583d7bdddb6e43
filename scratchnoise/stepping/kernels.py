"""The kernels of the facade, each as plain loops and as vectorised NumPy."""

import inspect

from .. import kernels
from ..backend import backend
from ..kernels import loops_table, numpy_table
from .examples import kernel_arguments
from .subject import LOOPS, Run, Subject, with_values
from .watched import functions_of


def kernel_names():
    """The kernels of the facade, in the order of its source."""
    own = [f for f in functions_of(kernels) if not f.__name__.startswith("_")]
    return tuple(function.__name__ for function in own)


def kernel(name, values=None):
    """A kernel as plain loops and as vectorised NumPy."""
    facade = getattr(kernels, name)
    example = kernel_arguments().get(name)
    if example is None:
        raise ValueError(f"{name} has no example yet; add its arguments to scratchnoise/stepping/examples.py")
    arguments = with_values(name, example, values)
    runs = [
        _kernel_run(label, table, modules, name, facade, arguments)
        for label, table, modules in (("loops", loops_table, LOOPS), ("numpy", numpy_table, (numpy_table,)))
    ]
    return Subject(name, "kernel", inspect.getdoc(facade), arguments, tuple(runs))


def _kernel_run(table_name, table, modules, name, facade, arguments):
    function = getattr(table, name)

    def call():
        with backend(table_name):
            return facade(**arguments)

    label = {"loops": "loops", "numpy": "NumPy"}[table_name]
    return Run(label, tuple(functions_of(*modules)), (function,), call, function)

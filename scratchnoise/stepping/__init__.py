"""`scratchnoise step NAME`: a small example of a kernel, a loss, a model or your own function, line by line.

    watched.py     the source, compiled so that it reports which cells of which arrays each line reads and writes
    memory.py      the numbers behind the arrays, and which of them changed
    numbers.py     the values of names in a line of source or in an equation
    recorder.py    runs watched functions and keeps a `Step` for every executed line
    recording.py   what was recorded, as plain data, and its state after any step
    examples.py    the small inputs;  kernels.py, losses.py, models.py, own_function.py  what can be stepped through
    page.py        a recording as one HTML file;  terminal.py  the same in a terminal;  command.py  the command

What runs is the package's own functions on NumPy's own arrays, so a recorded result equals any other bit by bit.
"""

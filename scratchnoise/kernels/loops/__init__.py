"""The kernels as explicit loops, read straight off their equations: the reference of all other tables.

Nothing here is decorated and nothing imports numba, so a debugger steps through it (`with backend("loops"):`). It is
written in the part of Python and NumPy that numba compiles. Sums are float64 whatever the arrays are: `np.float64(0.0)`
and not `0.0`, which would take the dtype of what is added to it.
"""

"""The one word by which a loop says that its passes may run side by side.

Uncompiled it is Python's `range`, so stepping through a kernel imports no numba. `numba_table.compiled` puts numba's
own `prange` in its place.
"""

prange = range

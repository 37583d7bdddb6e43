"""The kernels in vectors and tiles: what numba compiles to be fast, and what runs uncompiled as its own twin."""

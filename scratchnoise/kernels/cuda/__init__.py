"""The kernels in CUDA C, for a GPU (`cupy_table`) and, to check them, for the processor (`cuda_on_cpu_table`)."""

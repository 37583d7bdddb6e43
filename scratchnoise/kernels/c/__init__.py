"""The kernels in C with the vector extensions of GCC and Clang, and what builds, loads and calls them."""

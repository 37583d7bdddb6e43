"""How fast, beside whom: `scratchnoise bench`."""

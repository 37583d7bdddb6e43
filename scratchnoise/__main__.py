"""`python -m scratchnoise`, the same as the command `scratchnoise`."""

import sys

from .cli import main

sys.exit(main())

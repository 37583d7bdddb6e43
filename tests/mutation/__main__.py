"""python tests/mutation TARGET: see command.py."""

import sys

from command import main

sys.exit(main())

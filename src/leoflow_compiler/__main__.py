"""`python -m leoflow_compiler` is `leoflow`."""

import sys

from leoflow_compiler.cli.main import main

sys.exit(main())

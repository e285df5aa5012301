"""`python -m leoflow_compiler` is `leoflow`."""

import sys

from leoflow_compiler.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

"""Which packages are there when the code runs: where `try: import x` decides something, this decides it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

# Import names that are not the distribution's own.
DISTRIBUTIONS = {
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "git": "gitpython",
    "google": "google-cloud",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "psycopg2": "psycopg2",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
_ALWAYS = frozenset({"airflow", "leoflow", "pendulum", "dateutil", "jinja2"})


class Installed:
    """Made from the project's `dependencies`. Without any, everything that is imported is taken to be there:
    a plain DAGs folder says nothing of them."""

    def __init__(self, dependencies: Iterable[str]) -> None:
        self._names = [re.split(r"[^A-Za-z0-9._-]", text.strip(), maxsplit=1)[0] for text in dependencies]
        self._names = [re.sub(r"[-_.]+", "-", name).lower() for name in self._names if name]

    def may_lack(self, module: str) -> bool:
        """Whether an import of this top-level module may fail."""
        if not self._names or module in sys.stdlib_module_names or module in _ALWAYS:
            return False
        wanted = DISTRIBUTIONS.get(module, module).replace("_", "-").lower()
        return not any(wanted in name for name in self._names)

"""Which packages are there when the code runs: where `try: import x` decides something, this decides it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

# Import names that are not the distribution's own.
DISTRIBUTIONS = {
    "Crypto": "pycryptodome",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "agents": "openai-agents",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "confluent_kafka": "confluent-kafka",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "gitpython",
    "googleapiclient": "google-api-python-client",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "kafka": "kafka-python",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2",
    "pythonjsonlogger": "python-json-logger",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "snowflake": "snowflake-connector-python",
    "strands": "strands-agents",
    "telegram": "python-telegram-bot",
    "usb": "pyusb",
    "vertexai": "google-cloud-aiplatform",
    "websocket": "websocket-client",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
# Where the name of the distribution says less than that of the module: any that holds the text will do.
_PARTS = {"cv2": "opencv", "google": "google", "snowflake": "snowflake"}
_ALWAYS = frozenset({"airflow", "leoflow", "pendulum", "dateutil", "jinja2"})


def distribution_of(module: str) -> str:
    """What to install for a module, as far as names tell."""
    top, _, rest = module.partition(".")
    if top == "google" and rest:
        parts = rest.split(".")[: 2 if rest.startswith("cloud.") else 1]
        return "-".join(["google", *parts]).replace("_", "-")
    return DISTRIBUTIONS.get(top, top).replace("_", "-").lower()


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
        wanted = _PARTS.get(module) or distribution_of(module)
        return not any(wanted in name for name in self._names)

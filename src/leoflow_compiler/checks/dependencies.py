"""Imports that no dependency provides, and dependencies that no import needs."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence

from leoflow_compiler.checks.subject import Subject
from leoflow_compiler.diagnostics import Diagnostic, Span
from leoflow_compiler.diagnostics.catalogue.checks import MISSING_DEPENDENCY, UNUSED_DEPENDENCY
from leoflow_compiler.evaluate.installed import Installed, distribution_of
from leoflow_compiler.project import Project
from leoflow_compiler.source.guard import SourceRefused, guard
from leoflow_runtime.light import dataclass

_MAX_FILES = 400
# What the image has in any case, the modules of removed releases of Python's library among it.
_PROVIDED = frozenset({"airflow", "leoflow", "pendulum", "dateutil", "jinja2", "__future__"})
# In some release of Python's library, though not in the one that runs the compiler.
_SOMETIMES_STANDARD = frozenset(
    {
        "aifc",
        "annotationlib",
        "asynchat",
        "asyncore",
        "audioop",
        "cgi",
        "cgitb",
        "chunk",
        "compression",
        "crypt",
        "distutils",
        "imghdr",
        "imp",
        "lib2to3",
        "mailcap",
        "msilib",
        "nis",
        "nntplib",
        "ossaudiodev",
        "pipes",
        "smtpd",
        "sndhdr",
        "spwd",
        "sunau",
        "telnetlib",
        "tomllib",
        "uu",
        "xdrlib",
    }
)
_PROVIDERS = re.compile(r"airflow\.providers\.([a-z_0-9]+(?:\.[a-z_0-9]+)?)")
_OWN_PROVIDERS = frozenset({"standard", "http", "common.compat"})  # those that come with Leoflow
_OTHER_PYTHON = re.compile(r"virtualenv|external_python|docker|kubernetes|pyspark")
_SHARED = frozenset({"google", "google.cloud"})
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
# Nothing imports these by their own names: other packages look them up.
_LOOKED_UP = re.compile(
    r"psycopg.*|pymysql|mysqlclient|pymssql|pyodbc|oracledb|cx-oracle|asyncpg|aiomysql|.*-driver$|duckdb-engine"
    r"|pyarrow|fastparquet|openpyxl|xlrd|xlsxwriter|odfpy|lxml|html5lib|tables|tabulate|numexpr|bottleneck|numba"
    r"|s3fs|gcsfs|adlfs|ocifs|fsspec|brotli|zstandard|lz4|python-snappy|cramjam|types-.*|.*-stubs"
    r"|apache-airflow.*|sqlalchemy-.*|.*-sqlalchemy|certifi|tzdata|setuptools|pip|wheel|uv|greenlet|cryptography"
)


@dataclass(frozen=True, slots=True)
class _Import:
    module: str
    span: Span

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]


def dependencies_and_imports(subject: Subject) -> Iterator[Diagnostic]:
    """One warning for each package. Where both kinds are found, names that differ may explain either: silence
    for what could be a package under another name."""
    project = subject.project
    if not project.places:  # a plain folder of Airflow's says nothing of packages
        return
    files = _imports(subject)
    imports = [one for one in files if not _is_provided(one.module, project)]
    names = [_name(text) for text in project.config.dependencies]
    installed = Installed(names)
    missing: dict[str, _Import] = {}
    for one in imports:
        if not _has(one.module, installed, names, project):
            missing.setdefault(_distribution(one.module), one)
    used = {_normal(_distribution(one.module)) for one in imports} | {_normal(one.top) for one in imports}
    unused = [index for index, name in enumerate(names) if not _is_used(name, used, project, index)]
    unexplained = [name for name in missing if not name.startswith("apache-airflow-providers-")]
    for name, one in missing.items():
        if unused and name in unexplained:
            continue
        yield Diagnostic(
            code=MISSING_DEPENDENCY,
            message=f"`{one.module}` is imported, and `{name}` is not among the project's dependencies",
            span=one.span,
            help=f"add `{name}` to `dependencies` in leoflow.yaml",
        )
    for index in () if unexplained else unused:
        yield Diagnostic(
            code=UNUSED_DEPENDENCY,
            message=f"no file of the project imports `{names[index]}`",
            span=project.location_of("dependencies", index),
            help="remove it; if another package needs it at run time, keep it and ignore this",
        )


def _imports(subject: Subject) -> list[_Import]:
    elsewhere = {
        function.__name__
        for task in subject.dag.tasks.values()
        if _OTHER_PYTHON.search(task.operator.path.lower())
        and (function := task.arguments.get("python_callable")) is not None
        and isinstance(getattr(function, "__name__", None), str)
    }
    found: list[_Import] = []
    sources = subject.interpreter.sources
    paths = [path for path in subject.project.files if path.endswith(".py")]
    for path in dict.fromkeys([*sources, *paths[:_MAX_FILES]]):
        if path in sources:
            tree = sources[path].syntax.tree
        else:
            try:
                tree = guard(subject.project.files[path].read_text("utf-8"), path).tree
            except (OSError, UnicodeDecodeError, SourceRefused):
                continue
        found += _in_statements(tree.body, path, elsewhere)
    return found


def _in_statements(statements: Sequence[ast.AST], path: str, elsewhere: set[str]) -> Iterator[_Import]:
    """The imports that must succeed where this file's code runs."""
    for node in statements:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _Import(alias.name, _span(node, path))
        elif isinstance(node, ast.ImportFrom):
            if not node.level and node.module:
                # A package of many distributions: the name decides which one it is.
                names = [node.names[0].name] if node.module in _SHARED else []
                yield _Import(".".join([node.module, *names]), _span(node, path))
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from _in_statements(node.orelse, path, elsewhere)
        elif isinstance(node, ast.Try) and any(_catches_imports(handler) for handler in node.handlers):
            yield from _in_statements([*node.orelse, *node.finalbody], path, elsewhere)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            away = any(_OTHER_PYTHON.search(ast.unparse(one).lower()) for one in node.decorator_list)
            if not away and node.name not in elsewhere:
                yield from _in_statements(node.body, path, elsewhere)
        else:
            for name in ("body", "orelse", "handlers", "finalbody", "cases"):
                inner = getattr(node, name, None)
                if isinstance(inner, list):
                    yield from _in_statements(inner, path, elsewhere)


def _catches_imports(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    return bool(names & _IMPORT_ERRORS)


def _span(node: ast.Import | ast.ImportFrom, path: str) -> Span:
    return Span(file=path, line=node.lineno, column=node.col_offset + 1)


def _is_provided(module: str, project: Project) -> bool:
    """Whether the module is Python's, the image's or the project's own."""
    top = module.partition(".")[0]
    provider = _PROVIDERS.match(module)
    if provider is not None:
        return provider[1] in _OWN_PROVIDERS or provider[1].partition(".")[0] in _OWN_PROVIDERS
    if (
        top in sys.stdlib_module_names
        or top in _PROVIDED
        or top in _SOMETIMES_STANDARD
        or top.startswith("_")
    ):
        return True
    return any(top in (part, part.removesuffix(".py")) for path in project.files for part in path.split("/"))


def _has(module: str, installed: Installed, names: Sequence[str], project: Project) -> bool:
    """Whether a dependency provides it, by its name."""
    provider = _PROVIDERS.match(module)
    if provider is None and module.startswith("google."):
        wanted = distribution_of(module)
        return any(wanted.startswith(name) or name.endswith("-google") for name in names)
    if provider is None:
        return bool(names) and not installed.may_lack(module.partition(".")[0])
    if "apache-airflow" in names or provider[1].partition(".")[0] in project.config.connectors:
        return True
    return any(
        provider[1]
        .replace(".", "-")
        .replace("_", "-")
        .startswith(name.removeprefix("apache-airflow-providers-"))
        for name in names
        if name.startswith("apache-airflow-providers-")
    )


def _is_used(name: str, used: set[str], project: Project, index: int) -> bool:
    text = project.config.dependencies[index]
    if _LOOKED_UP.fullmatch(name) or "[" in text or "@" in text:
        return True
    return any(_normal(name) in one or one in _normal(name) for one in used)


def _distribution(module: str) -> str:
    provider = _PROVIDERS.match(module)
    if provider is not None:
        first, _, second = provider[1].partition(".")
        grouped = first in ("apache", "cncf", "common", "dbt", "microsoft", "atlassian")
        name = f"{first}-{second}" if grouped and second else first
        return f"apache-airflow-providers-{name.replace('_', '-')}"
    return distribution_of(module)


def _name(requirement: str) -> str:
    """The distribution that a requirement names, in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]).lower()


def _normal(name: str) -> str:
    """For comparing: letters and digits, without what names of packages have before or after."""
    return re.sub(r"[^a-z0-9]|^python-|^py-|-python$", "", name.lower())

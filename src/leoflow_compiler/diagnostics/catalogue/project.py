"""LF0xx: `leoflow.yaml` and the files of a project."""

from __future__ import annotations

from leoflow_compiler.diagnostics.records import Code

CONFIG_MISSING = Code(
    code="LF001",
    name="config-missing",
    summary="The folder holds no `leoflow.yaml`.",
    explanation="""\
A project is a folder with a `leoflow.yaml`; nothing else marks it. The command was given a path without
one, neither there nor, where a whole workspace is accepted, in any folder below it.

Create a project with `leoflow init PATH`, or name the right folder. Hidden folders, virtual environments
and `node_modules` are never searched.""",
)

CONFIG_UNREADABLE = Code(
    code="LF002",
    name="config-unreadable",
    summary="`leoflow.yaml` cannot be read as text.",
    explanation="""\
The file exists, but it could not be opened, is not UTF-8, or is larger than 1 MiB. Save it as UTF-8 text
and make it readable for the user who compiles.""",
)

YAML_SYNTAX = Code(
    code="LF003",
    name="yaml-syntax",
    summary="`leoflow.yaml` is not valid YAML.",
    explanation="""\
The YAML parser could not make sense of the file at the marked place. The usual causes: a tab used for
indentation, a missing space after a colon, an unclosed quote or bracket, a value that begins with `{`,
`[`, `*`, `&`, `@` or `%` and needs quotes.""",
    bad='dag_id: hello\ntags: [daily, "etl\n',
    good='dag_id: hello\ntags: [daily, "etl"]\n',
)

DUPLICATE_KEY = Code(
    code="LF004",
    name="duplicate-key",
    summary="A key stands twice in the same mapping.",
    explanation="""\
YAML libraries keep the last of two equal keys and drop the first without a word, so an edit at the wrong
place seems to have no effect. Leoflow refuses the file instead. Remove one of the two, or merge them.""",
    bad="dag_id: hello\nowner: ann\nowner: bob\n",
    good="dag_id: hello\nowner: bob\n",
)

UNKNOWN_KEY = Code(
    code="LF005",
    name="unknown-key",
    summary="`leoflow.yaml` has a key that Leoflow does not know.",
    explanation="""\
A misspelt key would otherwise be a setting that silently does nothing. The help line names the nearest
known key. All keys are listed in `docs/leoflow-yaml.md` and in `schemas/leoflow-yaml.schema.json`.""",
    bad="dag_id: hello\npython_versoin: '3.12'\n",
    good="dag_id: hello\npython_version: '3.12'\n",
)

MISSING_KEY = Code(
    code="LF006",
    name="missing-key",
    summary="`leoflow.yaml` lacks a key that it must have.",
    explanation="""\
Only `dag_id` is required: the name of the DAG that this project holds. It must be the one that the code
declares.""",
    bad="owner: ann\n",
    good="dag_id: hello\nowner: ann\n",
)

WRONG_VALUE = Code(
    code="LF007",
    name="wrong-value",
    summary="A setting has a value of the wrong kind, or outside what is allowed.",
    explanation="""\
The value at the marked place does not fit its key. YAML reads some unquoted words as something else than
text: `3.10` is the number 3.1, `yes` and `on` are true, `2024-01-01` is a date, `null` and an empty value
are nothing. Quote what is meant as text.""",
    bad="dag_id: hello\npython_version: 3.10\n",
    good='dag_id: hello\npython_version: "3.10"\n',
)

BAD_REQUIREMENT = Code(
    code="LF008",
    name="bad-requirement",
    summary="An entry of `dependencies` is not a PEP 508 requirement.",
    explanation="""\
Each entry is one requirement as pip writes it: a name, optional extras, version bounds or `@ URL`, and an
optional environment marker after `;`. Options (`-r file`, `--index-url`), paths and comments are not
requirements.""",
    bad="dag_id: hello\ndependencies:\n  - requests=2.32\n",
    good="dag_id: hello\ndependencies:\n  - requests==2.32.3\n",
)

BAD_DECLARATION = Code(
    code="LF009",
    name="bad-declaration",
    summary="The DAG that `leoflow.yaml` declares is not one.",
    explanation="""\
A project without a `dag.py` may declare its DAG under `dag:`, in the words of `dag.json`.
Ids are unique, `depends_on` and `xcom_input` name declared tasks without a circle, and a python task's
`entrypoint` names a function of a module of the project.""",
    bad="""\
dag_id: sales
dag:
  tasks:
    - task_id: load
      type: bash
      entrypoint: "true"
      depends_on: [extract]
""",
    good="""\
dag_id: sales
dag:
  tasks:
    - task_id: extract
      type: bash
      entrypoint: "true"
    - task_id: load
      type: bash
      entrypoint: "true"
      depends_on: [extract]
""",
)

SOURCE_MISSING = Code(
    code="LF010",
    name="source-missing",
    summary="The DAG file of the project does not exist or is not part of its bundle.",
    explanation="""\
`dag_source` (default `dag.py`) names the Python file that builds the DAG, relative to the project. It
must exist and must be among the files that go into the image, so neither `exclude_paths` nor
`.leoflowignore` may cover it and `include_paths` must.""",
)

PATH_MISSING = Code(
    code="LF011",
    name="path-missing",
    summary="An entry of `include_paths` names nothing.",
    explanation="""\
Every entry of `include_paths` must be a file or folder of the project. A path that names nothing is most
often a typing mistake, and the image would lack files that the tasks need.""",
)

PATH_OUTSIDE = Code(
    code="LF012",
    name="path-outside",
    summary="A path leads out of the project.",
    explanation="""\
The bundle of a project is made from its own folder only, so that it is the same on every machine.
Absolute paths and paths through `..` are refused. Move the file into the project, or make the shared code
a package and list it under `dependencies`.""",
    bad='dag_id: hello\ninclude_paths: ["../shared"]\n',
    good='dag_id: hello\ninclude_paths: ["."]\n',
)

LINK_OUTSIDE = Code(
    code="LF013",
    name="link-outside",
    summary="A symbolic link cannot go into the bundle.",
    explanation="""\
A link to a file of the project is followed. One that leads out of the project, leads nowhere, or points
to a folder is refused: the image would hold something that the project does not, or nothing. Replace the
link by what it points to, or exclude it in `.leoflowignore`.""",
)

UNBUNDLABLE = Code(
    code="LF014",
    name="unbundlable-file",
    summary="A file cannot go into the bundle.",
    explanation="""\
The bundle holds ordinary files that can be read, under names that are valid UTF-8. Sockets, pipes,
devices, unreadable files and undecodable names are refused rather than left out. Exclude the file in
`.leoflowignore` if no task needs it.""",
)

BUNDLE_TOO_LARGE = Code(
    code="LF015",
    name="bundle-too-large",
    summary="The project has too many files, or too much data.",
    explanation="""\
A bundle may hold 10,000 files and 512 MiB. More than that is nearly always a data folder, a virtual
environment or a build directory that was not meant to be shipped. Exclude it in `.leoflowignore` or with
`exclude_paths`; let tasks read large data from where it lives.""",
)

DUPLICATE_PROJECT = Code(
    code="LF016",
    name="duplicate-project",
    summary="Two projects of one workspace have the same `dag_id`.",
    explanation="""\
A control plane knows a DAG by its `dag_id`. Two projects with the same one would replace each other's
versions in turn. Rename one of them, in its `leoflow.yaml` and in its code.""",
)

STALE_LOCK = Code(
    code="LF017",
    name="stale-lock",
    severity="warning",
    summary="`leoflow.lock` does not fit `leoflow.yaml`.",
    explanation="""\
The lock pins the base image and every package for the `base_image`, `python_version`, `dependencies` and
`build.platforms` that `leoflow.yaml` had when it was made; one of them has changed since, or the file is
damaged. `leoflow deploy` makes a new lock by itself, which takes versions that nobody has tried; with
`--frozen` it stops.

Run `leoflow lock`, try the result, and keep `leoflow.lock` in version control.""",
)

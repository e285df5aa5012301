"""Safe rewrites of a project's own sources: Airflow 2's spellings to Airflow 3's, by `models.airflow2`.

`imports` plans the import statements and the names that change with them, `arguments` what warnings of the
compiler point at, `rewrite` applies both to libcst's tree, `project` compiles before and after.
"""

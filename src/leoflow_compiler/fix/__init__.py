"""Rewriting a project's own sources with Airflow 3's spellings, where its `dag.json` stays the same."""

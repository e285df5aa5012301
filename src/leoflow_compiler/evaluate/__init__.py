"""An interpreter of the Python that people write at the top level of DAG files, over abstract values.

Nothing of the user's is ever imported, exec'd or eval'd: syntax trees are walked, and the few library
calls that have a meaning at compile time come from the tables in `leoflow_compiler.models`.
"""

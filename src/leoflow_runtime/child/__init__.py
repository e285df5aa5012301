"""What runs inside a task's process, and before it in the zygote: building the DAG, and one task of it.

Python 3.9 and later, standard library only: the interpreter is the one that the DAG chose.
"""

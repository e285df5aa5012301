"""The program that imports a DAG version once and makes a process for each of its launches.

It runs on the interpreter that the DAG chose (Python 3.9 or later, standard library only) and is started
by the path of `program.py`; nothing else of Leoflow needs to be installed there.
"""

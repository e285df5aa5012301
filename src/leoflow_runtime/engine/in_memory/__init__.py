"""The store's protocol over dictionaries: for tests, for the simulator, and to say what is meant.

A transaction keeps a journal of what each written key held before, and undoes it on an exception.
"""

from leoflow_runtime.engine.in_memory.store import InMemoryStore
from leoflow_runtime.engine.in_memory.transaction import InMemoryTx

__all__ = ["InMemoryStore", "InMemoryTx"]

"""Generators of the project: the body is evaluated only as far as it is asked for, as in Python.

The interpreter walks a tree recursively, so a body that waits needs a stack of its own: a thread. Threads of
generators never run at the same time; each hands over and waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from leoflow_compiler.evaluate.budget import BudgetExceeded
from leoflow_compiler.evaluate.values import Opaque, Place, Value

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter

MOST = 200  # waiting at the same time
_State = tuple[Place | None, int, Opaque | None]


class Closed(BaseException):
    """Ends the body of a generator that nobody asks any more."""


class Generator:
    """An iterator over what `body` emits; the value that `body` returns ends it."""

    def __init__(self, interpreter: Interpreter, body: Callable[[Generator], Value]) -> None:
        self.interpreter = interpreter
        self._body = body
        self._thread: threading.Thread | None = None
        self._go = threading.Semaphore(0)
        self._done = threading.Semaphore(0)
        self._thrown: BaseException | None = None
        self._emitted: list[Value] = []
        self._failed: BaseException | None = None
        self._over = False
        self._state: _State | None = None
        self._born = interpreter.speculation
        self._doubt: Opaque | None = None  # why it may not have been asked at all

    def __iter__(self) -> Generator:
        return self

    def __next__(self) -> Value:
        if self._over:
            raise StopIteration
        if self.interpreter.speculation is not self._born:
            self.interpreter.changes_value("a generator", self.interpreter.here())
        self._resume()
        if self._emitted:
            return self._emitted.pop()
        self.interpreter.generators.remove(self)
        if self._failed is not None:
            raise self._failed
        raise StopIteration

    def throw(self, error: BaseException) -> Value:
        """Goes on with `error` where the body waits."""
        self._thrown = error
        return next(self)

    def close(self) -> None:
        """Ends the thread."""
        if self._thread is not None and not self._over:
            self._over = True
            self._thrown = Closed()
            self._resume()
            self._thread.join()

    def emit(self, value: Value, place: Place) -> None:
        """Called by the body: hands a value over and waits to be asked for the next one."""
        interpreter = self.interpreter
        if interpreter.speculation is not self._doubt and interpreter.speculation is not None:
            raise interpreter.structure_needs(interpreter.speculation, "what this generator yields", place)
        if self._over:
            raise Closed
        self._emitted.append(value)
        self._done.release()
        self._wait()

    def _wait(self) -> None:
        self._go.acquire()
        thrown, self._thrown = self._thrown, None
        if thrown is not None:
            raise thrown

    def _resume(self) -> None:
        interpreter, budget = self.interpreter, self.interpreter.budget
        if self._thread is None:
            if len(interpreter.generators) >= MOST:
                raise BudgetExceeded(f"more than {MOST} generators at the same time")
            interpreter.generators.append(self)
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        caller = (interpreter.current, interpreter.protected, interpreter.speculation)
        depth = budget.depth
        if depth <= 0:
            raise BudgetExceeded("calls nested more than 80 deep")
        self._doubt = caller[2]
        mine = self._state or caller
        interpreter.current, interpreter.protected = mine[0], mine[1]
        interpreter.speculation = mine[2] or caller[2]
        budget.depth = depth - 1
        self._go.release()
        self._done.acquire()
        self._state = (interpreter.current, interpreter.protected, interpreter.speculation)
        interpreter.current, interpreter.protected, interpreter.speculation = caller
        budget.depth = depth

    def _run(self) -> None:
        try:
            self._wait()
            self._body(self)
        except Closed:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again where the generator is asked
            self._failed = error
        finally:
            self._over = True
            self._done.release()

"""Hooks around forks: left out where they have no effect, kept where somebody needs them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import json, os, sys
from leoflow_runtime.zygote import forks

forks.keep()
import logging, random, threading
{more}
quiet = forks.settle()
told = []

def child():
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        forks.register()
        {in_child}
        os.write(write, json.dumps(told).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(pid, 0)
    return json.loads(os.read(read, 4096))

print(json.dumps([quiet, child()]))
"""


def run(more: str = "", in_child: str = "pass") -> Any:
    """Whether forks go without hooks, and what the child says."""
    code = PROGRAM.format(more=more, in_child=in_child)
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert out.returncode == 0, out.stderr
    return json.loads(out.stdout)


def test_the_standard_librarys_hooks_alone_are_left_out() -> None:
    assert run() == [True, []]


@pytest.mark.parametrize("kind", ["before", "after_in_child"])
def test_a_hook_of_somebody_else_brings_them_all_back(kind: str) -> None:
    assert run(f"os.register_at_fork({kind}=lambda: told.append(1))") == [False, [1]]


def test_a_second_thread_brings_them_all_back() -> None:
    thread = "threading.Thread(target=threading.Event().wait, daemon=True).start()"
    assert run(thread)[0] is False


def test_a_task_that_forks_has_the_hooks() -> None:
    """In the task's own child, the lock that another thread held at the fork is free again."""
    in_child = """
        handler = logging.StreamHandler()
        held = threading.Event()
        def hold():
            handler.acquire(); held.set(); threading.Event().wait()
        threading.Thread(target=hold, daemon=True).start()
        held.wait()
        pid = os.fork()
        if pid == 0:
            os._exit(7 if handler.lock.acquire(blocking=False) else 8)
        told.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """
    assert run(in_child=in_child.strip()) == [True, [7]]


def test_hooks_asked_for_in_a_child_are_registered() -> None:
    in_child = """
        os.register_at_fork(before=lambda: told.append("before"))
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    """
    assert run(in_child=in_child.strip()) == [True, ["before"]]

"""The zygote's loop: load once, make a process per launch, tell how each ended.

Control is newline-delimited JSON over the inherited socket.

    ← {"op": "load", "directory": …}                    → {"event": "ready", "mode": …, "reasons": […]}
                                                        → {"event": "failed", "summary": …, "traceback": …}
    ← {"op": "launch", "launch_id": n, "directory": …,  → {"event": "launched", "launch_id": n, "pid": …}
       "mode": "fork" | "spawn"}                        → {"event": "refused", "launch_id": n, "reason": …}
                                                        → {"event": "exit", "launch_id": n, …exit.json…}

End of file means that the agent is gone: no more launches, but every child is waited for and its end
recorded, so that the next agent finds it.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from leoflow_runtime.zygote import forks, observation, records, task_process
from leoflow_runtime.zygote.spare import Spare, wait_for_launch


def serve(control_fd: int) -> int:
    """Runs until the agent is gone and the last child has ended; returns the exit status."""
    return Zygote(socket.socket(fileno=control_fd)).run()


class Zygote:
    """One DAG version on its interpreter."""

    def __init__(self, control: socket.socket) -> None:
        os.set_inheritable(control.fileno(), False)
        self._control = control
        self._connected = True
        self._unread = b""
        self._children: Dict[int, Tuple[int, str, Optional[int]]] = {}  # pid -> launch, directory, start
        self._built: Any = None
        self._dag_json: Optional[Dict[str, Any]] = None
        self._output: Any = None
        self._libc = task_process.load_libc()
        self._pid = os.getpid()
        self._claimant: Optional[records.Claimant] = None
        self._spare: Optional[Spare] = None
        self._unused: Set[int] = set()  # pids of spares that have not been waited for
        self._is_warm = False  # a launch was just forked: another may follow
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)

    @property
    def _own_fds(self) -> List[int]:
        return [self._control.fileno(), self._wake_read, self._wake_write]

    def run(self) -> int:
        self._watch_children()
        while self._connected or self._children:
            self._wait()
            self._reap()
            self._fork_ahead()
        self._dismiss_spare()
        if self._claimant is not None:
            self._claimant.close()
        return 0

    def _watch_children(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)

    def _wait(self) -> None:
        readable = [self._wake_read]
        if self._connected:
            readable.append(self._control.fileno())
        ready, _, _ = select.select(readable, [], [], None if self._spare is None else self._spare.patience)
        if not ready:
            self._dismiss_spare()
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
        if self._connected and self._control.fileno() in ready:
            self._receive()

    def _receive(self) -> None:
        try:
            data = self._control.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            self._connected = False
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))

    def _send(self, event: Dict[str, Any]) -> None:
        if not self._connected:
            return
        try:
            self._control.sendall(json.dumps(event).encode() + b"\n")
        except OSError:
            self._connected = False

    def _obey(self, command: Dict[str, Any]) -> None:
        if command["op"] == "load":
            self._load(command["directory"])
        else:
            self._launch(command["launch_id"], command["directory"], command["mode"])

    def _load(self, directory: str) -> None:
        began = time.monotonic()
        task_process.redirect(directory)
        try:
            payload = records.load_launch(directory)
            task_process.put_on_path(payload["code_path"])
            from leoflow_runtime.child import build

            built = build.load(payload)
            from leoflow_runtime.child import lean, rehearsal
        except BaseException as error:
            self._send(
                {
                    "event": "failed",
                    "summary": task_process.failure_summary(error),
                    "traceback": task_process.trimmed_traceback(error),
                }
            )
            os._exit(1)
        self._built = built
        self._dag_json = payload.get("dag_json")
        self._silence()
        self._output = lean.prepare()
        task_process.forget_imported_signals()
        rehearsal.rehearse(os.path.join(directory, "rehearsal"), self._output)
        forks.settle()
        self._watch_children()  # the import may have set handlers of its own
        hazards = observation.fork_hazards(self._own_fds)
        gc.collect()
        gc.freeze()
        self._send(
            {
                "event": "ready",
                "mode": "spawn" if hazards else "fork",
                "reasons": hazards,
                "seconds": time.monotonic() - began,
            }
        )

    def _silence(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        os.close(nothing)

    def _launch(self, launch_id: int, directory: str, mode: str) -> None:
        if not self._claim(directory):
            self._send({"event": "refused", "launch_id": launch_id, "reason": "the launch is already taken"})
            return
        try:
            pid = self._fork(directory) if mode == "fork" else self._spawn(directory)
        except OSError as error:
            reason = "no process could be made: %s" % error
            self._send({"event": "refused", "launch_id": launch_id, "reason": reason})
            return
        started = records.start_time(pid)
        self._children[pid] = (launch_id, directory, started)
        process = {"pid": pid, "start_time": started}
        with suppress(FileNotFoundError):  # the launch was abandoned, and nobody asks any more
            records.add_json(directory + "/process.json", process)
        self._send({"event": "launched", "launch_id": launch_id, **process})

    def _claim(self, directory: str) -> bool:
        if self._claimant is None:
            spool = os.path.dirname(os.path.abspath(directory))
            self._claimant = records.Claimant("%s/zygote-%d.json" % (spool, self._pid))
        return self._claimant.claim(directory)

    def _fork(self, directory: str) -> int:
        self._is_warm = True
        spare, self._spare = self._spare, None
        if spare is not None and spare.take(directory):
            self._unused.discard(spare.pid)
            return spare.pid
        return self._forked(lambda: directory, self._own_fds)

    def _fork_ahead(self) -> None:
        """While the launch that was just begun works, the process of the next one is made."""
        if not self._is_warm or self._spare is not None or not self._connected:
            return
        self._is_warm = False
        theirs, ours = os.pipe()
        try:
            pid = self._forked(lambda: wait_for_launch(theirs), [*self._own_fds, ours])
        except OSError:  # too many processes just now: it is made when it is needed
            os.close(ours)
        else:
            self._spare = Spare(pid, ours)
            self._unused.add(pid)
        os.close(theirs)

    def _dismiss_spare(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.dismiss()

    def _forked(self, awaited: Callable[[], Optional[str]], close: List[int]) -> int:
        pid = os.fork()
        if pid == 0:
            task_process.run_forked(
                self._built, awaited, self._dag_json, self._output, self._libc, self._pid, close
            )
        return pid

    def _spawn(self, directory: str) -> int:
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "program.py")
        arguments = [sys.executable, "-I", program, "one", directory, str(self._pid)]
        defaults = [signal.SIGINT, signal.SIGPIPE]
        output = os.path.join(directory, "output")
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        actions = [(os.POSIX_SPAWN_OPEN, 1, output, flags, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]
        return os.posix_spawn(sys.executable, arguments, os.environ, file_actions=actions, setsigdef=defaults)

    def _reap(self) -> None:
        while self._children or self._unused:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._children:
                self._ended(pid, status, usage)
            elif pid in self._unused:
                self._unused.discard(pid)
                if self._spare is not None and pid == self._spare.pid:
                    self._dismiss_spare()

    def _ended(self, pid: int, status: int, usage: Any) -> None:
        launch_id, directory, started = self._children.pop(pid)
        end = {
            "launch_id": launch_id,
            "pid": pid,
            "start_time": started,
            "exit_code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
            "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "max_rss_bytes": records.peak_bytes(usage.ru_maxrss),
            "finished_at": time.time(),
            "group_alive": _group_alive(pid),
        }
        with suppress(FileNotFoundError):  # it was abandoned
            records.record(directory, "exit.json", end)
        self._send({"event": "exit", **end})


def _group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

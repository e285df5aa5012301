"""The small files in a launch's directory that outlive every process that writes them.

`claim`         made by whoever may decide about the launch: the zygote that starts it, or an agent that found
                it never started. The loser keeps its hands off.
`process.json`  the child: pid and start time
`started`       made by the child when the user's first line is next
`result.json`   the child's own account of its outcome
`exit.json`     how the process ended, by its parent, written before anyone is told
`stop.json`     why the agent ended it, written before the first signal

A new file is the dearest thing that a launch asks of a file system. So `claim` and `started` are further
names (hard links) of files that are there already: of the one that says who the zygote is, and of
`launch.json`. `process.json`, `result.json` and `exit.json` are one file too, of a line each, which they all
show together: a name that is there says that its line is whole.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, List, Optional


def write_json(path: str, value: Any) -> None:
    """Writes `value` so that a reader sees all of it or nothing."""
    temporary = path + ".tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        _write_all(descriptor, json.dumps(value).encode())
    finally:
        os.close(descriptor)
    os.rename(temporary, path)


def add_json(path: str, value: Any) -> None:
    """Adds `value` as a line, so that a reader finds its keys among those of the other lines."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        _write_all(descriptor, b"\n" + json.dumps(value).encode())
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def read_json(path: str) -> Optional[Dict[str, Any]]:
    """The object in `path`; the keys of several in as many lines. None if there is no such file.

    Raises ValueError if there is nothing whole in it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        content = _read_all(descriptor)
    finally:
        os.close(descriptor)
    try:
        value = json.loads(content)
    except ValueError:
        value = _together(content.split(b"\n"))
        if not value:
            raise
    return value if isinstance(value, dict) else None


def _read_all(descriptor: int) -> bytes:
    parts: List[bytes] = []
    while True:
        part = os.read(descriptor, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _together(lines: List[bytes]) -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    for line in lines:
        try:
            found.update(json.loads(line))
        except (ValueError, TypeError):  # its writer was killed in the middle of it
            continue
    return found


def record(directory: str, name: str, value: Dict[str, Any]) -> None:
    """`name` says `value` from now on, all of it or nothing; it is one more name of `process.json`."""
    process, path = directory + "/process.json", directory + "/" + name
    add_json(process, value)
    try:
        os.link(process, path)
    except FileExistsError:
        if not os.path.samefile(process, path):
            write_json(path, value)


def record_start(directory: str) -> None:
    """`started` as one more name of `launch.json`, which nobody writes any more; its time is now."""
    launch = directory + "/launch.json"
    os.utime(launch)
    try:
        os.link(launch, directory + "/started")
    except FileExistsError:  # by a process that was given up, in its last moment
        return


class Claimant:
    """Someone who may take launches: each claim is one more name of the file that says who it is.

    So a claim appears with its owner's pid and start time in it, or not at all: whoever finds it can tell if
    its owner is alive. `identity` is that file's path, on the file system of the launches.
    """

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self._me = {"pid": os.getpid(), "start_time": start_time(os.getpid())}
        write_json(identity, self._me)

    def claim(self, directory: str) -> bool:
        """Takes the right to decide about the launch; False if someone has it already or it is gone."""
        path = directory + "/claim"
        try:
            os.link(self._identity, path)
        except FileExistsError:
            return False
        except OSError:  # the launch is gone, or the identity is, or has as many names as one may have
            if not os.path.isdir(directory):
                return False
            write_json(self._identity, self._me)
            os.link(self._identity, path)
        return True

    def close(self) -> None:
        """Claims stay. There may be no more of them."""
        try:
            os.unlink(self._identity)
        except FileNotFoundError:
            return


def claim(directory: str) -> bool:
    """The claim of somebody who does not take many."""
    try:
        claimant = Claimant("%s/claim.%d" % (directory, os.getpid()))
    except FileNotFoundError:
        return False
    try:
        return claimant.claim(directory)
    finally:
        claimant.close()


def start_time(pid: int) -> Optional[int]:
    """When a process started, in kernel clock ticks: with the pid it names a process for good.

    None if there is no such process, if it is a zombie, or where there is no /proc.
    """
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            fields = file.read().rsplit(b")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return None
    if fields[0] in (b"Z", b"X"):
        return None
    return int(fields[19])


def load_launch(directory: str, dag_json: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """The launch as the child takes it: `launch.json`, with the DAG's document put in.

    The document lies in a file per version (`dag_json_path`), so that a launch of a DAG with a thousand
    tasks does not write it again.
    """
    launch = read_json(os.path.join(directory, "launch.json"))
    if launch is None:
        raise FileNotFoundError("%s holds no launch.json" % directory)
    path = launch.pop("dag_json_path", None)
    if dag_json is not None:
        launch["dag_json"] = dag_json
    elif path is not None:
        launch["dag_json"] = read_json(path)
    return launch


def peak_bytes(maxrss: int) -> int:
    """`ru_maxrss` in bytes: the kernel counts KiB, macOS counts bytes."""
    return maxrss if sys.platform == "darwin" else maxrss * 1024

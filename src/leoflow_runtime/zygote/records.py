"""The small files in a launch's directory that outlive every process that writes them.

`claim`         created exclusively by whoever may decide about the launch: the zygote that starts it, or an
                agent that found it never started. The loser keeps its hands off.
`process.json`  the child: pid and start time
`started`       made by the child when the user's first line is next
`result.json`   the child's own account of its outcome
`exit.json`     how the process ended, by its parent, written before anyone is told
`stop.json`     why the agent ended it, written before the first signal
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, Optional


def write_json(path: str, value: Any) -> None:
    """Writes `value` so that a reader sees all of it or nothing."""
    temporary = path + ".tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(value))
    os.rename(temporary, path)


def read_json(path: str) -> Optional[Dict[str, Any]]:
    """The object in `path`, or None if there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except FileNotFoundError:
        return None
    return value if isinstance(value, dict) else None


def claim(directory: str) -> bool:
    """Takes the right to decide about the launch; False if someone has it already or it is gone.

    The claim appears with its owner's pid and start time in it, or not at all: whoever finds it can tell
    if its owner is alive.
    """
    path = os.path.join(directory, "claim")
    mine = "%s.%d" % (path, os.getpid())
    try:
        write_json(mine, {"pid": os.getpid(), "start_time": start_time(os.getpid())})
        os.link(mine, path)
    except (FileExistsError, FileNotFoundError):
        return False
    finally:
        if os.path.exists(mine):
            os.unlink(mine)
    return True


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

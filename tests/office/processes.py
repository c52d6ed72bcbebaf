"""Looking at processes from outside, as a person with `ps` would."""

import subprocess
import time
from collections.abc import Callable


def children_of(parent: int) -> dict[int, str]:
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
    return {int(row[0]): row[2] for row in rows if len(row) == 3 and int(row[1]) == parent}


def all_below(parent: int) -> dict[int, str]:
    found = {}
    for pid, command in children_of(parent).items():
        found |= {pid: command} | all_below(pid)
    return found


def is_alive(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


def soon(happens: Callable[[], object], within: float = 20.0) -> bool:
    """Wait until something is true; False if it never was."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if happens():
            return True
        time.sleep(0.05)
    return False

"""Keeps our own servers running exactly as long as somebody uses them.

Everybody who uses them (the office, each `manage.py` command, the tests) holds a shared lock on
one file. Whoever finds no keeper starts one; the keeper starts the servers, restarts what dies, and
goes when nobody holds that lock any more. The kernel drops the locks of the dead.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from functools import partial
from pathlib import Path

from crm.office.servers import BASE_DIR, Server, needed
from crm.office.supervisor import Child
from crm.office.system import ServerError

USERS = "users.lock"
KEEPER = "keeper.lock"
# Seconds: a database that was killed in the middle of a large import reads its log first.
PATIENCE = 120.0


# --- The users' side


@dataclass
class Lease:
    """One user's claim on the servers; children that inherit the handle keep them, too."""

    data_dir: Path
    handle: int
    keeper: Child

    def see_to_a_keeper(self) -> None:
        if needed(self.data_dir) and not is_kept(self.data_dir):
            self.keeper.tend(say)

    def wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_served(self.data_dir):
            if self.keeper.process and self.keeper.process.poll():
                raise ServerError(last_line(self.data_dir / "log" / "keeper.log"))
            if time.monotonic() > deadline:
                raise ServerError(f"The servers did not get ready; see {self.data_dir / 'log'}.")
            self.see_to_a_keeper()
            time.sleep(0.05)

    def give_back(self) -> None:
        """Stop using the servers; whoever is last has them put away and waits for it."""
        with suppress(BlockingIOError):
            flock(self.handle, LOCK_EX | LOCK_NB)
            while is_kept(self.data_dir):
                if keeper := keeper_in_charge(self.data_dir):
                    os.kill(keeper, signal.SIGTERM)
                time.sleep(0.05)


@contextmanager
def servers_in_use(data_dir: Path) -> Iterator[Lease]:
    """Have the servers ready for the length of the block, started if need be."""
    (data_dir / "log").mkdir(mode=0o700, parents=True, exist_ok=True)
    # LOCK_SH waits while the servers are being put away.
    with lock(data_dir / USERS, LOCK_SH) as handle:
        assert handle is not None
        lease = Lease(data_dir, handle, Child("servers", partial(start_keeper, data_dir)))
        try:
            lease.wait()
            yield lease
        finally:
            lease.give_back()


def start_keeper(data_dir: Path) -> subprocess.Popen[bytes]:
    with (data_dir / "log" / "keeper.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "crm.office.keeper", str(data_dir)],
            cwd=BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the office, not for its database
        )


def is_served(data_dir: Path) -> bool:
    servers = needed(data_dir)
    # Servers that a killed keeper left may still answer: they are about to be replaced.
    return not servers or (
        keeper_in_charge(data_dir) is not None and all(server.is_ready() for server in servers)
    )


def is_kept(data_dir: Path) -> bool:
    with lock(data_dir / KEEPER, LOCK_SH | LOCK_NB) as handle:
        return handle is None


def keeper_in_charge(data_dir: Path) -> int | None:
    """Return the keeper that has the servers in hand; one that still clears up is not in charge."""
    written = (data_dir / KEEPER).read_text() if is_kept(data_dir) else ""
    return int(written) if written else None


@contextmanager
def lock(file: Path, how: int) -> Iterator[int | None]:
    """Hold a lock for the length of the block; give None where somebody else holds it."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        flock(handle, how)
    except BlockingIOError:
        yield None
    else:
        yield handle
    finally:
        os.close(handle)


def last_line(file: Path) -> str:
    lines = file.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"see {file}"


# --- The keeper's side


def keep(data_dir: Path, asked_to_go: threading.Event) -> None:
    """Keep the servers until nobody uses them or we are asked to go."""
    with lock(data_dir / KEEPER, LOCK_EX | LOCK_NB) as handle:
        if handle is None:
            return  # somebody was quicker
        os.truncate(handle, 0)
        children = [as_child(server) for server in needed(data_dir)]
        os.write(handle, str(os.getpid()).encode())
        users = os.open(data_dir / USERS, os.O_RDWR)
        while not is_free(users) and not asked_to_go.wait(0.1):
            for child in children:
                child.tend(say)
        for child in reversed(children):
            child.stop()


def as_child(server: Server) -> Child:
    server.end_leftover()
    server.make()
    return Child(server.name, server.start, server.stop_with, patience=60)


def is_free(users: int) -> bool:
    """Does nobody use the servers? After a yes, new users wait until we are gone."""
    with suppress(BlockingIOError):
        flock(users, LOCK_EX | LOCK_NB)
        return True
    return False


def say(what: str) -> None:
    print(time.strftime("%Y-%m-%d %H:%M:%S"), what, flush=True)


def main() -> None:
    asked_to_go = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked_to_go.set())
    try:
        keep(Path(sys.argv[1]), asked_to_go)
    except (ServerError, OSError) as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()

"""Keeps our own servers running exactly as long as somebody uses them.

Everybody who uses them (the office, each `manage.py` command, the tests) holds a shared lock on
one file. Whoever finds no keeper starts one; the keeper starts the servers, restarts what dies, and
goes when nobody holds that lock any more. The kernel drops the locks of the dead.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crm.office.processes import ServerError, command_of, number_in
from crm.office.servers import BASE_DIR, Server, needed
from crm.office.supervisor import Child, stop, tend

USERS = "users.lock"
KEEPER = "keeper.lock"

PATIENCE = (
    120.0  # seconds: a database that was killed in the middle of a large import reads its log first
)


# --- The users' side


class Lease:
    """One user's claim on the servers.

    Its file handle may be passed on to children: the servers then stay until the last of them goes.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.servers = needed(data_dir)
        (data_dir / "log").mkdir(mode=0o700, parents=True, exist_ok=True)
        self.handle = os.open(data_dir / USERS, os.O_RDWR | os.O_CREAT, 0o600)
        self.keeper: subprocess.Popen[bytes] | None = None

    def take(self) -> None:
        fcntl.flock(self.handle, fcntl.LOCK_SH)  # waits while the servers are being put away
        deadline = time.monotonic() + PATIENCE
        while not self._is_served():
            if time.monotonic() > deadline:
                raise ServerError(f"The servers did not get ready; see {self.data_dir / 'log'}.")
            self._see_to_a_keeper()
            time.sleep(0.05)

    def _is_served(self) -> bool:
        if not self.servers:
            return True
        # Servers that a killed keeper left may still answer: they are about to be replaced.
        kept = keeper_in_charge(self.data_dir) is not None
        return kept and all(server.is_ready() for server in self.servers)

    def _see_to_a_keeper(self) -> None:
        ended = self.keeper.poll() if self.keeper else 0
        if ended:
            raise ServerError(last_line(self.data_dir / "log" / "keeper.log"))
        if ended is not None and not is_kept(self.data_dir):
            self.keeper = start_keeper(self.data_dir)

    def give_back(self) -> None:
        """Stop using the servers; whoever is last has them put away and waits for it."""
        with suppress(BlockingIOError):
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._dismiss_keeper()
        os.close(self.handle)

    def _dismiss_keeper(self) -> None:
        while is_kept(self.data_dir):
            if keeper := keeper_in_charge(self.data_dir):
                os.kill(keeper, signal.SIGTERM)
            time.sleep(0.05)


@contextmanager
def servers_in_use(data_dir: Path) -> Iterator[Lease]:
    """Have the servers ready for the length of the block, started if need be."""
    lease = Lease(data_dir)
    try:
        lease.take()
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


def is_kept(data_dir: Path) -> bool:
    with lock(data_dir / KEEPER, fcntl.LOCK_SH | fcntl.LOCK_NB) as handle:
        return handle is None


def keeper_in_charge(data_dir: Path) -> int | None:
    """Return the keeper that has the servers in hand; one that still clears up is not in charge."""
    keeper = number_in(data_dir / KEEPER)
    command = command_of(keeper) if keeper and is_kept(data_dir) else ""
    return keeper if "crm.office.keeper" in command and str(data_dir) in command else None


@contextmanager
def lock(file: Path, how: int) -> Iterator[int | None]:
    """Hold a lock for the length of the block; give None where somebody else holds it."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, how)
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
    with lock(data_dir / KEEPER, fcntl.LOCK_EX | fcntl.LOCK_NB) as handle:
        if handle is None:
            return  # somebody was quicker
        children = [as_child(server) for server in needed(data_dir)]
        os.truncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        with lock_when_unused(data_dir / USERS) as is_unused:
            while not is_unused() and not asked_to_go.wait(0.1):
                tend(children, say)
            stop(children)


def as_child(server: Server) -> Child:
    end_leftover(server)
    server.make()
    return Child(server.name, server.start, server.stop_with, patience=60)


@contextmanager
def lock_when_unused(file: Path) -> Iterator[Callable[[], bool]]:
    """Give a question: does nobody use the servers?

    Once the answer was yes, new users wait until the block ends.
    """
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)

    def is_unused() -> bool:
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    try:
        yield is_unused
    finally:
        os.close(handle)


def end_leftover(server: Server) -> None:
    """End a server whose keeper was killed: nobody would restart it or put it away."""
    for number in [server.stop_with] * 300 + [signal.SIGKILL] * 20:
        pid = server.leftover()
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        time.sleep(0.1)
    raise ServerError(f"The {server.name} (process {server.leftover()}) does not end.")


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

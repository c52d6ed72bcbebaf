import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crm.office.keeper import is_kept
from crm.office.servers import BASE_DIR, run_dir
from tests.office.processes import all_below, children_of, is_alive, soon

PROGRAMS = {
    "web": "crm.serve",
    "worker": "crm worker",
    "schedule": "crm.schedule beat",
    "keeper": "crm.office.keeper",
}


class Office:
    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.create_server(("127.0.0.1", 0)) as line:
            self.port = line.getsockname()[1]
        self.process = self.start()

    def start(self) -> subprocess.Popen[str]:
        office = {
            "DATA_DIR": str(self.home),
            "PORT": str(self.port),
            "DEMO": "no",
            "THROWAWAY_SERVERS": "yes",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "crm.office"],
            cwd=BASE_DIR,
            env=os.environ | office,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as page:
                return bool(page.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def pid_of(self, program: str) -> int | None:
        """Return the process of a program that runs under this office."""
        words = PROGRAMS.get(program, program)
        below = children_of(self.process.pid)
        return next((pid for pid, command in below.items() if words in command), None)

    def servers(self) -> dict[int, str]:
        return children_of(self.pid_of("keeper") or -1)

    def is_whole(self) -> bool:
        programs = all(self.pid_of(program) for program in PROGRAMS)
        return programs and len(self.servers()) == 2 and self.answers()


@contextmanager
def opened(home: Path) -> Iterator[Office]:
    office = Office(home)
    try:
        assert soon(office.is_whole, 150)  # tables are made first, and two cores are shared
        yield office
    finally:
        office.process.send_signal(signal.SIGTERM)
        office.process.communicate(timeout=40)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files of an office that was opened for the first time, and closed."""
    home = tmp_path_factory.mktemp("made") / "var"
    with opened(home):
        pass
    yield home
    shutil.rmtree(run_dir(home), ignore_errors=True)


@pytest.fixture
def office(home: Path, made: Path) -> Iterator[Office]:
    subprocess.run(["cp", "-a", made, home], check=True)  # with whom the files belong to
    with opened(home) as office:
        yield office


def test_whatever_is_killed_comes_back(office: Office) -> None:
    for program in PROGRAMS:
        killed = office.pid_of(program)
        assert killed
        os.kill(killed, signal.SIGKILL)
        assert soon(lambda pid=killed: not is_alive(pid) and office.is_whole()), program
    for server in office.servers():
        os.kill(server, signal.SIGKILL)
        assert soon(lambda pid=server: not is_alive(pid) and office.is_whole()), server


def test_ctrl_c_puts_everything_away(office: Office) -> None:
    running = all_below(office.process.pid)
    assert len(running) >= 6
    os.kill(office.process.pid, signal.SIGINT)
    said, _ = office.process.communicate(timeout=40)
    assert said.rstrip().endswith("Closed.")
    assert "Traceback" not in said
    assert office.process.returncode == 0
    assert soon(lambda: not any(map(is_alive, running)))


def test_nothing_outlives_a_killed_office_and_the_next_one_opens(office: Office) -> None:
    running = all_below(office.process.pid)
    office.process.kill()
    office.process.communicate()
    assert soon(lambda: not any(map(is_alive, running)))
    assert not is_kept(office.home)
    office.process = office.start()
    assert soon(office.is_whole, 150)  # tables are made first, and two cores are shared


def test_a_second_office_and_a_taken_port_are_refused_in_a_sentence(office: Office) -> None:
    taken, _ = office.start().communicate(timeout=30)
    assert f"Port {office.port} is taken" in taken
    with socket.create_server(("127.0.0.1", 0)) as line:
        free = line.getsockname()[1]
    office.port, own = free, office.port
    second, _ = office.start().communicate(timeout=30)
    office.port = own
    assert "open already" in second

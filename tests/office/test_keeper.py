import os
import signal
import subprocess
import sys
from pathlib import Path

from crm.office.keeper import is_kept, servers_in_use
from crm.office.servers import BASE_DIR, Database
from tests.office.conftest import ask
from tests.office.processes import soon

USE = "import pathlib, sys; from crm.office.keeper import servers_in_use\n"
USE += (
    "with servers_in_use(pathlib.Path(sys.argv[1])): print('ready', flush=True); sys.stdin.read()"
)


def user_of(home: Path) -> subprocess.Popen[str]:
    """Start another process that uses the servers until its input ends."""
    user = subprocess.Popen(
        [sys.executable, "-c", USE, str(home)],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert user.stdout
    assert user.stdout.readline() == "ready\n"
    return user


def test_the_last_of_two_users_puts_the_servers_away(home: Path) -> None:
    with servers_in_use(home):
        second = user_of(home)
    assert Database(home).is_ready()
    second.communicate()
    assert second.returncode == 0
    assert not is_kept(home)


def test_two_who_start_at_once_share_one_database(home: Path) -> None:
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", USE, str(home)], cwd=BASE_DIR, stdin=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for user in starting:
        user.communicate(timeout=60)
    assert [user.returncode for user in starting] == [0, 0, 0, 0]
    assert not is_kept(home)


def test_a_killed_user_counts_no_more(home: Path) -> None:
    user = user_of(home)
    user.kill()
    user.communicate()
    assert soon(lambda: not is_kept(home))


def test_a_killed_user_leaves_the_others_their_servers(home: Path) -> None:
    first = user_of(home)
    with servers_in_use(home):
        first.kill()
        first.communicate()
        assert ask(home, "SELECT 1") == [(1,)]
        assert is_kept(home)


def test_who_comes_while_the_servers_are_put_away_gets_new_ones(home: Path) -> None:
    for _ in range(4):
        user = user_of(home)
        user.send_signal(signal.SIGKILL)
        user.communicate()
        with servers_in_use(home):
            assert ask(home, "SELECT 1") == [(1,)]


def test_manage_py_finds_the_running_servers_or_brings_its_own(home: Path) -> None:
    def manage(*words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(
            command, cwd=BASE_DIR, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    query = "from django.db import connection; cursor = connection.cursor();"
    query += "cursor.execute('SELECT 6 * 7'); print(cursor.fetchone())"
    assert "(42,)" in manage("shell", "--no-imports", "-c", query)
    assert not is_kept(home)
    with servers_in_use(home) as lease:
        assert "(42,)" in manage("shell", "--no-imports", "-c", query)
        assert lease.keeper.process
        assert lease.keeper.process.poll() is None


def test_a_command_without_a_database_starts_none(home: Path) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "version"],
        cwd=BASE_DIR,
        env=os.environ,
        check=True,
        capture_output=True,
    )
    assert not (home / "database").exists()

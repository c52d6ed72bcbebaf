import os
import shutil
import time
from pathlib import Path

import psycopg2
import pytest
import redis

from crm.office import keeper, system
from crm.office.keeper import servers_in_use
from crm.office.servers import (
    Database,
    Queue,
    embedded_database,
    embedded_queue_url,
    run_dir,
)
from crm.office.system import Account, ServerError
from tests.office.conftest import ask
from tests.office.processes import is_alive, soon


def queue_at(home: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(Queue(home).socket), retry=None)


def test_addresses_are_told_without_starting_or_making_anything(home: Path) -> None:
    entry = embedded_database(home)
    assert entry["HOST"] == str(run_dir(home))
    assert embedded_queue_url(home).startswith("redis+socket:///")
    assert not home.exists()


def test_a_cluster_starts_where_there_was_none_and_knows_chinese(home: Path) -> None:
    with servers_in_use(home):
        trigrams = "CREATE EXTENSION pg_trgm"
        assert ask(home, trigrams, "SELECT cardinality(show_trgm('张三丰'))") == [(4,)]
        assert ask(home, "SHOW listen_addresses") == [("",)]
        assert queue_at(home).ping()
    assert not Database(home).is_ready()
    assert not Queue(home).is_ready()


def test_we_come_in_as_a_role_that_is_no_superuser_and_nobody_comes_in_as_one(home: Path) -> None:
    with servers_in_use(home):
        assert ask(home, "SELECT usesuper FROM pg_user WHERE usename = current_user") == [(False,)]
        with pytest.raises(psycopg2.OperationalError, match="no pg_hba"):
            psycopg2.connect(dbname="evergreen", user="postgres", host=str(run_dir(home)))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_account_of_the_machine_does_not_come_in(home: Path) -> None:
    with servers_in_use(home):
        stranger = Account(65534, 65534)  # "nobody", who may open the socket: it runs the server
        query = [
            str(Database(home).bin / "psql"),
            f"--host={run_dir(home)}",
            "--username=evergreen",
        ]
        with pytest.raises(ServerError, match="Peer authentication failed"):
            system.run([*query, "--command=SELECT 1"], stranger)


def test_data_made_by_one_account_opens_for_the_one_that_runs_the_office_now(home: Path) -> None:
    with servers_in_use(home):
        ask(home, "CREATE TABLE kept (n int)")
    (Database(home).home / "pg_ident.conf").write_text("office somebody evergreen\n")
    with servers_in_use(home):
        assert ask(home, "SELECT count(*) FROM kept") == [(0,)]


def test_a_start_killed_while_the_cluster_was_made_is_forgotten(home: Path) -> None:
    half = home / "database.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    with servers_in_use(home):
        assert ask(home, "SELECT 1") == [(1,)]


def test_a_killed_database_is_back_within_seconds_with_every_committed_row(home: Path) -> None:
    with servers_in_use(home):
        ask(home, "CREATE TABLE kept (n int)", "INSERT INTO kept SELECT generate_series(1, 500)")
        killed = Database(home).pid() or 0
        os.kill(killed, 9)
        assert soon(lambda: Database(home).pid() != killed and Database(home).is_ready(), 10)
        assert ask(home, "SELECT count(*) FROM kept") == [(500,)]


def test_a_killed_queue_is_back_within_seconds_with_every_message(home: Path) -> None:
    with servers_in_use(home):
        queue_at(home).rpush("celery", *range(500))
        time.sleep(1.1)  # the append-only file reaches the disk each second
        killed = Queue(home).pid() or 0
        os.kill(killed, 9)
        assert soon(lambda: Queue(home).pid() != killed and Queue(home).is_ready(), 10)
        assert queue_at(home).llen("celery") == 500


def test_the_next_start_passes_what_a_killed_keeper_left_behind(home: Path) -> None:
    with servers_in_use(home) as lease:
        ask(home, "CREATE TABLE kept (n int)")
        assert lease.keeper.process
        left = [Database(home).pid() or 0, Queue(home).pid() or 0]
        lease.keeper.process.kill()
        lease.keeper.process.wait()
    assert all(map(is_alive, left))
    with servers_in_use(home):
        assert ask(home, "SELECT count(*) FROM kept") == [(0,)]
        assert not any(map(is_alive, left))


def test_a_lock_file_whose_number_was_given_to_another_process_does_not_stop_a_start(
    home: Path,
) -> None:
    with servers_in_use(home):
        ask(home, "CREATE TABLE kept (n int)")
        written = (Database(home).home / "postmaster.pid").read_text().split("\n")
    stale = Database(home).home / "postmaster.pid"
    stale.write_text("\n".join([str(os.getpid()), *written[1:]]))
    account = Database(home).account
    if account:
        os.chown(stale, account.uid, account.gid)
    with servers_in_use(home):
        assert ask(home, "SELECT count(*) FROM kept") == [(0,)]


def test_a_long_data_dir_moves_the_sockets_to_a_short_private_one(home: Path) -> None:
    deep = home / ("a-rather-long-name-" * 8)
    sockets = run_dir(deep)
    try:
        with servers_in_use(deep):
            assert len(os.fsencode(Database(deep).socket)) < 100
            assert sockets.stat().st_mode & 0o777 == 0o700
            assert ask(deep, "SELECT 1") == [(1,)]
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of somebody else")
def test_a_folder_that_somebody_else_put_in_our_place_is_refused(home: Path) -> None:
    deep = home / ("a-rather-long-name-" * 8)
    sockets = run_dir(deep)
    sockets.mkdir()
    os.chown(sockets, 12345, 12345)
    try:
        with pytest.raises(ServerError, match="belongs to somebody else"), servers_in_use(deep):
            pass
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def test_a_queue_of_ones_own_is_not_brought_twice(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    with servers_in_use(home):
        assert Database(home).is_ready()
        assert not Queue(home).is_ready()


def test_nothing_is_started_where_both_addresses_are_set(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere")
    with servers_in_use(home):
        assert not keeper.is_kept(home)


def test_a_missing_server_is_named_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "_postgres_bins", lambda: iter([]))
    with pytest.raises(ServerError, match="PostgreSQL 15 to 18 was not found"):
        system.postgres_bin()
    with pytest.raises(ServerError, match="PostgreSQL 16, which made this data"):
        system.postgres_bin(16)


def test_the_servers_of_the_system_will_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "package_folders", lambda package: [])
    try:
        folder = system.postgres_bin()
    except ServerError:
        pytest.skip("this machine has no PostgreSQL of its own")
    database = Database(home)
    database.make()
    assert (database.home / "PG_VERSION").read_text().strip() == str(system.version_of(folder))

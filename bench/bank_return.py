"""A bank's return for a province: posted from .csv, and the same file again; seconds and memory.

`python -m bench.bank_return` measures a million lines alone, or BENCH_SCALE of them.
`python -m bench.bank_return FILE DATABASE` is the process that is measured.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter

from django.db import connection

from lib import dates

HEADINGS = "账户名 账号 金额 状态描述 回盘日期 费用类型 关联业务号码 管理机构".split()
FAILURES = "可用余额不足 帐号不存在 卡号无效 户名不符 账户已冻结 超过单笔限额 系统超时".split()
COLLECTED = "收费成功"
UNKNOWN_OF_A_HUNDRED, FAILED_OF_A_HUNDRED = 1, 16
SECONDS_FOR_A_HUNDRED_THOUSAND, MB = 60.0, 400
DUE_WITHIN = 30  # days; a debit is of a premium that falls due so near

Say = Callable[..., None]


def write_csv(path: Path, today: date) -> None:
    """A line of each premium that is owed; one in six failed, one in a hundred of nobody we know."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        for n, (policy_no, amount) in enumerate(_owed()):
            lot = n % 100
            words = FAILURES[n % len(FAILURES)] if lot < FAILED_OF_A_HUNDRED else COLLECTED
            number = policy_no if lot < 100 - UNKNOWN_OF_A_HUNDRED else f"X{policy_no}"
            row = ["陈志远", f"6222{n:015d}", amount, words, today, "续期", number, "杭州"]
            writer.writerow(row)


def _owed() -> Iterator[tuple[str, object]]:
    from policies.models import Instalment

    owed = Instalment.objects.owed().order_by("pk").values_list("policy__policy_no", "amount")
    return owed.iterator(chunk_size=10_000)


def bench(say: Say, lines: int) -> None:
    """Post a file of so many lines into a book that owes them, and then again."""
    usual = str(connection.settings_dict["NAME"])
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "return.csv"
            _owe(lines)
            write_csv(path, dates.today())
            first, again = _measured(path, name), _measured(path, name)
    finally:
        connection.creation.destroy_test_db(usual, verbosity=0)
    limit = SECONDS_FOR_A_HUNDRED_THOUSAND * max(lines / 100_000, 0.1)
    more = {name: first[name] for name in ("counts", "worker_mb", "reader_mb")}
    say("post a bank's return", first["seconds"], limit, lines, worker_mb_limit=MB, **more)
    assert again["counts"]["repeated"] == lines, again
    say("post it again", again["seconds"], first["seconds"], lines, worker_mb=again["worker_mb"])


def _owe(lines: int) -> None:
    from bench import book

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    policies = lines * 4 // 3  # of one kind in four nothing more is owed
    since = dates.today() + timedelta(days=62)  # the book begins so long before
    book.fill(clients=max(policies // 2, 1), policies=policies, today=since, spread=DUE_WITHIN)


def _measured(path: Path, database: str) -> dict[str, object]:
    command = [sys.executable, "-m", "bench.bank_return", str(path), database]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    django.setup()
    if len(sys.argv) > 1:
        path, connection.settings_dict["NAME"] = Path(sys.argv[1]), sys.argv[2]
        print(json.dumps(_post(path)))
    else:
        _alone()


def _post(path: Path) -> dict[str, object]:
    """Through the ledger, as the office does it."""
    from bench.importing import peak_mb, readers_mb
    from policies.batches import ImportBatch
    from policies.importing.apply import Order
    from policies.importing.intake import import_file
    from policies.models import Insurer

    batch = ImportBatch.objects.create(insurer=Insurer.usual(), name=path.name)
    began = perf_counter()
    report = import_file(path, path.name, Order(Insurer.usual(), batch=batch.pk))
    return {
        "seconds": perf_counter() - began,
        "counts": report.counts,
        "worker_mb": peak_mb(),
        "reader_mb": readers_mb(),
    }


def _alone() -> None:
    from bench.__main__ import say
    from crm.office.keeper import servers_in_use
    from crm.office.servers import data_dir

    with servers_in_use(data_dir()):
        bench(say, int(1_000_000 * float(os.environ.get("BENCH_SCALE", "1"))))


if __name__ == "__main__":
    main()

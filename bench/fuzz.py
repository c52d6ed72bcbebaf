"""Broken files by the thousand: each must be read, or refused in one sentence.

`python -m bench.fuzz --seconds 600 --seed 7` goes through the process that reads uploads, with its
limits; tests/policies/importing/test_fuzz.py does the same for a few seconds.
"""

import argparse
import io
import json
import os
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import perf_counter

SAMPLES = Path(__file__).parents[1] / "tests" / "data" / "books"
SLOWEST = 20.0  # seconds of a processor that one file may take
_LARGEST_SAMPLE = 60_000
_NASTY = (
    b"\x00", b"\xff", b"\xff\xfe", b"<!DOCTYPE x>", b"<!ENTITY", b"]]>", b"&#0;", b'"', b"'", b",,,,",
    b"\r", b"\n\n", b"=cmd|' /C calc'!A0", b"99999999999999999999", b"-1", b"NaN", b"1e309", b"\xf0\xa0\xae\xb7",
    b'r="XFD1048576"', b"<row>", b"</row>", b"<c><c><c>", b"2026-02-30", b"0000-00-00",
)  # fmt: skip


def samples() -> list[tuple[str, bytes]]:
    """Small files of each format: lists of insurers, and one of our own making."""
    found = [
        (path.name, path.read_bytes())
        for path in sorted(SAMPLES.iterdir())
        if path.suffix in {".xlsx", ".csv"} and path.stat().st_size < _LARGEST_SAMPLE
    ]
    table = "保单号,投保人,保费,生效日期\nP1,张三,1000,2021-04-17\nP2,李四,500,2026年3月5日\n"
    own = [("own.csv", table.encode()), ("own-gbk.csv", table.encode("gb18030"))]
    return [*found, *own, ("own.xls", _old_workbook(table))]


def _old_workbook(table: str) -> bytes:
    import xlwt  # only the tests write such files

    workbook, out = xlwt.Workbook(), io.BytesIO()
    sheet = workbook.add_sheet("清单")
    for row, line in enumerate(table.splitlines()):
        for column, cell in enumerate(line.split(",")):
            shape = xlwt.easyxf(num_format_str="00000000")
            sheet.write(row, column, int(cell) if cell.isdigit() else cell, shape)
    workbook.save(out)
    return out.getvalue()


def broken(content: bytes, name: str, random: Random) -> bytes:
    """The file after a few accidents."""
    if name.endswith(".xlsx") and random.random() < 0.7:
        return _broken_package(content, random)
    return _broken_bytes(content, random)


def _broken_bytes(content: bytes, random: Random) -> bytes:
    data = bytearray(content)
    for _ in range(random.randint(1, 6)):
        random.choice(_ACCIDENTS)(data, random)
    return bytes(data)


def _flip(data: bytearray, random: Random) -> None:
    for _ in range(random.randint(1, 20)):
        if data:
            data[random.randrange(len(data))] = random.randrange(256)


def _cut(data: bytearray, random: Random) -> None:
    del data[random.randrange(len(data) + 1) :]


def _drop(data: bytearray, random: Random) -> None:
    start = random.randrange(len(data) + 1)
    del data[start : start + random.randint(1, 200)]


def _repeat(data: bytearray, random: Random) -> None:
    start = random.randrange(len(data) + 1)
    data[start:start] = data[start : start + random.randint(1, 300)] * random.randint(1, 30)


def _insert(data: bytearray, random: Random) -> None:
    start = random.randrange(len(data) + 1)
    data[start:start] = random.choice(_NASTY)


_ACCIDENTS: tuple[Callable[[bytearray, Random], None], ...] = (_flip, _cut, _drop, _repeat, _insert)


def _broken_package(content: bytes, random: Random) -> bytes:
    """A well-formed package around parts that are not."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        chosen = random.choice(names)
        for name in names:
            part = old.read(name)
            if name == chosen:
                part = _broken_bytes(part, random)
            if random.random() > 0.02:
                new.writestr(name, part)
    return out.getvalue()


def run(seconds: float, seed: int, read: Callable[[Path, str], str]) -> Counter[str]:
    """Break and read files for so long; count what became of them. Raise on what may not be."""
    random, told = Random(seed), Counter[str]()
    until = perf_counter() + seconds
    originals = samples()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        while perf_counter() < until:
            name, content = random.choice(originals)
            path.write_bytes(broken(content, name, random))
            began = _worked()
            outcome = read(path, name)
            if (took := _worked() - began) > SLOWEST:
                raise AssertionError(
                    f"{name}: {took:.1f} s, file {sum(told.values())} of seed {seed}"
                )
            told[outcome] += 1
    return told


def _worked() -> float:
    """Seconds of a processor, ours and our children's: a busy machine says nothing of a file."""
    return sum(os.times()[:4])


def read_in_child(path: Path, name: str) -> str:
    """What the office does with an upload; a refusal by its code."""
    from lib import dates
    from policies.importing.problems import Refusal
    from policies.importing.reader import read_rows

    try:
        with read_rows(path, name, today=dates.today(), asks=True) as reading:
            for _batch in reading:
                pass
    except Refusal as refusal:
        assert str(refusal)
        return refusal.code
    return "read"


def main() -> None:
    import django

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    django.setup()
    print(json.dumps({"seed": asked.seed}), flush=True)
    told = run(asked.seconds, asked.seed, read_in_child)
    print(json.dumps({"files": sum(told.values())} | dict(told.most_common())))


if __name__ == "__main__":
    main()

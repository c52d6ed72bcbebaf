"""Files made to harm: each must be told in a sentence, within twenty seconds and half a gigabyte.

`python -m bench.hostile FILE NAME SECONDS` has the office's reader read one for so long, again and again.
"""

import json
import os
import resource
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path
from time import perf_counter

from bench.fuzz import read_in_child
from bench.importing import HEADINGS, write_csv, write_xlsx

SECONDS, MEGABYTES = 20.0, 512
_SHEET, _TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
_OPEN, _CLOSE = b"<worksheet><sheetData>", b"</sheetData></worksheet>"
_MEGABYTE = 1 << 20
EVIL_NAME = "../../" + "清" * 300 + "\r\nX: y\u202e.xlsx"


def _with_part(path: Path, name: str, chunks: Iterable[bytes]) -> None:
    """A small book, one part of which is another."""
    write_xlsx(path, 20)
    with zipfile.ZipFile(path) as old:
        parts = {entry.filename: old.read(entry) for entry in old.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for other, content in parts.items():
            if other != name:
                new.writestr(other, content)
        with new.open(name, "w") as part:
            for chunk in chunks:
                part.write(chunk)


def _sheet(*rows: bytes) -> Iterator[bytes]:
    return chain([_OPEN], rows, [_CLOSE])


def _text_without_end(path: Path) -> None:
    _with_part(path, _TEXTS, chain([b"<sst><si><t>"], repeat(b" " * _MEGABYTE, 600)))


def _millions_of_texts(path: Path) -> None:
    _with_part(path, _TEXTS, chain([b"<sst>"], repeat(b"<si><t/></si>" * 8_000, 1_000)))


def _far_cell(path: Path) -> None:
    _with_part(path, _SHEET, _sheet(b'<row><c r="XFD1048576"><v>1</v></c></row>'))


def _million_columns(path: Path) -> None:
    _with_part(path, _SHEET, _sheet(b"<row>", b"<c><v>1</v></c>" * 1_000_000, b"</row>"))


def _many_rows(path: Path) -> None:
    """Within the limits: a list like others, to be read to its end."""
    cells = b"".join(b'<c t="str"><v>%b</v></c>' for _ in range(4))
    row = b"<row>" + cells + b"</row>"
    heads = row % tuple(name.encode() for name in ("保单号", "投保人", "保费", "生效日期"))
    rows = (row % (b"P%d" % n, "张三".encode(), b"100", b"2021-04-17") for n in range(400_000))
    _with_part(path, _SHEET, chain([_OPEN, heads], rows, [_CLOSE]))


def _noise(path: Path, again: bytes) -> None:
    """What repeats without an end, after noise that hides it from the look at the ratio."""
    noise = b"<!--" + os.urandom(2 * _MEGABYTE).hex().encode() + b"-->"
    times = 80 * _MEGABYTE // (1_000 * len(again))
    _with_part(path, _SHEET, chain([noise, _OPEN], repeat(again * 1_000, times)))


def _rows_without_end(path: Path) -> None:
    _noise(path, b"<row/>")


def _depth_without_end(path: Path) -> None:
    _noise(path, b"<row><c>")


def _entities(path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    _with_part(path, _SHEET, [f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>'.encode(), *_sheet()])


def _entity_of_a_file(path: Path) -> None:
    outside = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    _with_part(path, _TEXTS, [outside, b"<sst><si><t>&e;</t></si></sst>"])


def _link_outside(path: Path) -> None:
    link = (
        '<Relationships><Relationship Id="r" TargetMode="External" Target="http://127.0.0.1:9/x"/>'
    )
    _with_part(path, "xl/externalLinks/_rels/1.xml.rels", [f"{link}</Relationships>".encode()])


def _cut_off(path: Path) -> None:
    write_xlsx(path, 2_000)
    path.write_bytes(path.read_bytes()[:-5_000])


def _quote_without_end(path: Path) -> None:
    write_csv(path, 5)
    with path.open("ab") as file:
        file.write('P2,"杭州\r\n'.encode() + b"x,y,z\r\n" * 5_000_000)


def _empty_lines(path: Path) -> None:
    path.write_bytes(b"\r\n" * (25 * _MEGABYTE))


def _one_line(path: Path) -> None:
    path.write_bytes(",".join(HEADINGS).encode() + b"\r\n" + b"," * (50 * _MEGABYTE))


def _nothing_but_nul(path: Path) -> None:
    path.write_bytes(b"\x00" * (50 * _MEGABYTE))


def _old_workbook(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + os.urandom(30 * _MEGABYTE))


def _good(path: Path) -> None:
    write_xlsx(path, 20)


FILES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "600 MB of text in 0.6 MB": ("b.xlsx", _text_without_end),
    "8 million texts in 0.1 MB": ("b.xlsx", _millions_of_texts),
    "a cell at XFD1048576": ("b.xlsx", _far_cell),
    "a million columns": ("b.xlsx", _million_columns),
    "400,000 rows of a list": ("b.xlsx", _many_rows),
    "rows without end": ("b.xlsx", _rows_without_end),
    "depth without end": ("b.xlsx", _depth_without_end),
    "a billion laughs": ("b.xlsx", _entities),
    "an entity of a file": ("b.xlsx", _entity_of_a_file),
    "a link to elsewhere": ("b.xlsx", _link_outside),
    "a package cut off": ("b.xlsx", _cut_off),
    "a quotation mark without end": ("b.csv", _quote_without_end),
    "50 MB of empty lines": ("b.csv", _empty_lines),
    "a line of 50 MB": ("b.csv", _one_line),
    "50 MB of nothing": ("b.csv", _nothing_but_nul),
    "30 MB of an old workbook": ("b.xls", _old_workbook),
    "a name made to harm": (EVIL_NAME, _good),
}
ALRIGHT = {
    "400,000 rows of a list",
    "a link to elsewhere",
    "a name made to harm",
}  # which are lists like others


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    django.setup()
    path, name, seconds = Path(sys.argv[1]), json.loads(sys.argv[2]), float(sys.argv[3])
    until, slowest, told, times = perf_counter() + seconds, 0.0, "", 0
    while not times or perf_counter() < until:
        began = perf_counter()
        told = read_in_child(path, name)
        slowest, times = max(slowest, perf_counter() - began), times + 1
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    print(json.dumps({"told": told, "seconds": slowest, "mb": memory, "times": times}))


if __name__ == "__main__":
    main()

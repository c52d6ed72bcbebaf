"""A bad file is told in one sentence, and nothing else happens."""

import io
import json
import random
import resource
import struct
import subprocess
import sys
import zipfile
import zlib

import pytest
from django.conf import settings
from django.utils.translation import override

from bench import hostile
from policies.importing import reader
from policies.importing.problems import REASONS, REFUSALS, Refusal
from policies.importing.reader import read_rows
from tests.policies.importing.books import (
    GOOD,
    HEADINGS,
    TODAY,
    read,
    write_text,
    write_xls,
    write_xlsx,
)

pytestmark = pytest.mark.own_process


def refusal(path, name="") -> Refusal:
    with pytest.raises(Refusal) as refused:
        read(path, name)
    assert "\n" not in str(refused.value)
    return refused.value


def saved(path, content: bytes):
    path.write_bytes(content)
    return path


@pytest.fixture
def book(tmp_path):
    return write_xlsx(tmp_path / "b.xlsx", [HEADINGS, GOOD])


def with_part(book, part: str, content: bytes, *, replace: bool = True):
    """The workbook with one part of its package replaced or added."""
    old = zipfile.ZipFile(io.BytesIO(book.read_bytes()))
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename != part:
                new.writestr(entry, old.read(entry))
        new.writestr(part, content)
    return book


def part_of(book, part: str) -> bytes:
    return zipfile.ZipFile(book).read(part)


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n \t\r\n", b"\xff\xfe"])
@pytest.mark.parametrize("name", ["b.csv", "b.tsv"])
def test_an_empty_file(tmp_path, content, name):
    assert refusal(saved(tmp_path / name, content)).code == "empty"


def test_an_empty_workbook(tmp_path):
    assert refusal(saved(tmp_path / "b.xlsx", b"")).code == "empty"
    assert refusal(write_xlsx(tmp_path / "c.xlsx", [])).code == "no_headings"


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("b.xlsx", b"<html><table><tr><td>x</td></tr></table></html>", "HTML"),
        ("b.xls", b"\xef\xbb\xbf<table><tr><td>x</td></tr></table>", "HTML"),
        ("b.xls", b"a\tb\tc\n1\t2\t3\n", "text"),
        ("b.xls", b'<?xml version="1.0"?><Workbook/>', "XML"),
        ("b.xlsx", b"%PDF-1.7\n", "PDF"),
        ("b.csv", b"\x89PNG\r\n\x1a\n", "PNG"),
        ("b.csv", b"PK\x03\x04xxxx", ".xlsx"),
        ("b.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".xls"),
        ("b.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".xls"),
        ("b.xls", b"PK\x03\x04xxxx", ".xlsx"),
    ],
)
def test_another_type_than_the_name_says(tmp_path, name, content, found):
    told = refusal(saved(tmp_path / name, content))
    assert told.code == "wrong_type"
    assert found in str(told)


@pytest.mark.parametrize("name", ["b.pdf", "b", "b.docx", "b.xlsx.exe", "../../x\r\n.ini"])
def test_a_name_that_no_book_has(tmp_path, name):
    assert refusal(saved(tmp_path / "upload", b"abc"), name).code == "unknown_type"


def test_the_name_is_the_owners_and_not_that_of_the_stored_file(tmp_path):
    path = write_text(tmp_path / "5f3a", [HEADINGS, GOOD])
    assert len(read(path, "../../承保\u202e清单.CSV")[1]) == 1


def test_an_encrypted_workbook(tmp_path, book):
    wrapped = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000 + "EncryptedPackage".encode("utf-16-le")
    )
    assert refusal(saved(tmp_path / "c.xlsx", wrapped)).code == "encrypted"
    content = bytearray(book.read_bytes())
    for place in range(len(content) - 4):
        if content[place : place + 4] == b"PK\x01\x02":
            content[place + 8] |= 1
    assert refusal(saved(book, bytes(content))).code == "encrypted"


def test_macros(tmp_path, book):
    assert refusal(with_part(book, "xl/vbaProject.bin", b"x")).code == "macros"


def test_larger_than_the_limit(tmp_path, book, settings):
    settings.IMPORT_MAX_BYTES = 1 << 10
    assert refusal(book).code == "too_large"


def test_no_headings(tmp_path):
    assert (
        refusal(write_text(tmp_path / "b.csv", [["a", "b", "c"], [1, 2, 3]])).code == "no_headings"
    )


@pytest.mark.parametrize("cell", ["XFD1048576", "IW1", "JA5", "AAA1", "A1048577", "XFD1"])
def test_a_cell_far_out(book, cell):
    sheet = part_of(book, SHEET).replace(
        b"</sheetData>", f'<row><c\tr="{cell}"><v>1</v></c></row></sheetData>'.encode()
    )
    before_cpu = _seconds_of_children()
    told = refusal(with_part(book, SHEET, sheet))
    assert told.code == "too_wide"
    assert cell in str(told)
    assert _seconds_of_children() - before_cpu < 5


def test_the_last_allowed_cell_is_allowed(book):
    sheet = part_of(book, SHEET).replace(
        b"</sheetData>", b'<row r="9"><c r="IV9"><v>1</v></c></row></sheetData>'
    )
    assert read(with_part(book, SHEET, sheet))[1]


def test_a_million_columns_without_addresses(book):
    sheet = part_of(book, SHEET).replace(
        b"</sheetData>", b"<row>" + b"<c><v>1</v></c>" * 1_000_000 + b"</row></sheetData>"
    )
    assert refusal(with_part(book, SHEET, sheet)).code in (
        "too_wide",
        "unpacks_too_large",
        "too_much",
    )


def test_two_far_corners_within_the_limits_take_no_memory(book):
    sheet = part_of(book, SHEET).replace(
        b"</sheetData>", b'<row r="1048576"><c r="IV1048576"><v>1</v></c></row></sheetData>'
    )
    before_cpu = _seconds_of_children()
    rows = read(with_part(book, SHEET, sheet))[1]
    assert [row.row_no for row in rows] == [2]  # a lone cell beyond the table is no policy
    assert _seconds_of_children() - before_cpu < 5


ENDLESS = {
    "rows": (SHEET, b"<worksheet><sheetData>", b"<row/>"),
    "cells": (SHEET, b"<worksheet><sheetData><row>", b"<c/>"),
    "text": (SHEET, b"<worksheet><sheetData><row><c><v>", b"x1"),
    "columns": (SHEET, b"<worksheet><cols>", b"<col/>"),
    "depth": (SHEET, b"<worksheet><sheetData><row>", b"<c>"),
    "attributes": (SHEET, b"<worksheet><sheetData><row r='", b"1"),
    "strings": ("xl/sharedStrings.xml", b"<sst>", b"<si/>"),
    "long string": ("xl/sharedStrings.xml", b"<sst><si><t>", b"xy"),
    "runs": ("xl/sharedStrings.xml", b"<sst><si>", b"<r/>"),
    "styles": ("xl/styles.xml", b"<styleSheet><cellXfs>", b"<xf/>"),
    "sheets": ("xl/workbook.xml", b"<workbook><sheets>", b"<sheet/>"),
}


@pytest.mark.parametrize("endless", ENDLESS)
def test_what_has_no_end_is_stopped_in_time(tmp_path, endless):
    part, before, again = ENDLESS[endless]
    book = write_xlsx(tmp_path / "b.xlsx", [HEADINGS, GOOD])
    # Noise before it, or the ratio would betray it.
    padding = b"<!--" + random.Random(2).randbytes(2 << 20).hex().encode() + b"-->"
    with_part(book, part, padding + before + again * ((80 << 20) // len(again)))
    before_cpu = _seconds_of_children()
    told = refusal(book)
    assert told.code in (
        "too_much",
        "too_wide",
        "damaged",
        "unpacks_too_large",
        "unsafe_xml",
        "no_headings",
    )
    assert _seconds_of_children() - before_cpu < 20


def _seconds_of_children() -> float:
    """Of the processor: what a busy machine takes beside it is not the file's fault."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


@pytest.mark.parametrize("size", [600 << 20])
def test_a_zip_bomb_is_not_unpacked(book, size):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = b" " * (1 << 20)
    packed = b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()
    before_cpu = _seconds_of_children()
    assert (
        refusal(with_raw_part(book, "xl/sharedStrings.xml", packed, size)).code
        == "unpacks_too_large"
    )
    assert _seconds_of_children() - before_cpu < 5


def test_a_zip_bomb_that_lies_about_its_size(book):
    packed = zlib.compress(b" " * (64 << 20), 9)[2:-4]
    assert refusal(with_raw_part(book, "xl/evil.xml", packed, 100)).code == "unpacks_too_large"


def with_raw_part(book, part: str, packed: bytes, declared: int):
    """Add a deflated part whose header declares a size of our choice."""
    content = book.read_bytes()
    directory_at = struct.unpack("<I", content[-6:-2])[0]
    count = struct.unpack("<H", content[-12:-10])[0]
    name = part.encode()
    sizes = struct.pack("<III", 0, len(packed), declared)
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 0x21) + sizes
    local += struct.pack("<HH", len(name), 0) + name + packed
    central = b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0x21) + sizes
    central += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, directory_at) + name
    directory = content[directory_at:-22] + central
    end = struct.pack(
        "<HHHHIIH", 0, 0, count + 1, count + 1, len(directory), directory_at + len(local), 0
    )
    book.write_bytes(content[:directory_at] + local + directory + b"PK\x05\x06" + end)
    return book


def test_thousands_of_parts(book):
    with zipfile.ZipFile(book, "a") as package:
        for number in range(2_001):
            package.writestr(f"xl/media/{number}.png", b"")
    assert refusal(book).code == "unpacks_too_large"


@pytest.mark.parametrize(
    "prologue",
    [
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>',
        b"<!-- " + b"x" * 3_000_000 + b' --><!DOCTYPE x SYSTEM "http://127.0.0.1:9/x">',
    ],
)
@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "[Content_Types].xml"])
def test_a_dtd_in_any_part(book, part, prologue):
    first, rest = part_of(book, part).split(b"?>", 1)
    assert refusal(with_part(book, part, first + b"?>" + prologue + rest)).code == "unsafe_xml"


def test_a_dtd_hidden_in_utf_16(book):
    text = part_of(book, SHEET).decode().replace("?>", "?><!DOCTYPE x>", 1)
    assert refusal(with_part(book, SHEET, text.encode("utf-16"))).code == "unsafe_xml"


@pytest.mark.parametrize("cut", [30, 200, -30])
def test_a_workbook_cut_short(book, cut):
    assert refusal(saved(book, book.read_bytes()[:cut])).code == "damaged"


def test_an_old_workbook_cut_short(tmp_path):
    path = write_xls(tmp_path / "b.xls", [HEADINGS, GOOD])
    assert refusal(saved(path, path.read_bytes()[:1000])).code in ("damaged", "no_headings")


def test_any_other_archive_is_no_workbook(tmp_path):
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert refusal(tmp_path / "b.xlsx").code == "wrong_type"


@pytest.mark.parametrize(
    ("encoding", "bad"), [("utf-8", b"\xff"), ("utf-8", b"\xcd\xf5"), ("gb18030", b"\xff")]
)
@pytest.mark.parametrize("line", [3, 5_000])
def test_a_bad_byte_is_told_by_its_line(tmp_path, encoding, bad, line):
    path = write_text(tmp_path / "b.csv", [HEADINGS, *[GOOD] * 6_000], encoding)
    lines = path.read_bytes().split(b"\r\n")
    lines[line - 1] += bad
    told = refusal(saved(path, b"\r\n".join(lines)))
    assert (told.code, told.details["line"]) == ("invalid_bytes", line)


def test_big5_is_not_saved_as_mojibake(tmp_path):
    headings = ["保單號碼", "要保人", "保險費", "生效日期"]
    path = write_text(tmp_path / "b.csv", [headings, ["1", "鄭強", "5", "2026-01-01"]], "big5")
    assert refusal(path).code == "unknown_encoding"


def test_a_quotation_mark_that_is_never_closed(tmp_path):
    path = write_text(tmp_path / "b.csv", [HEADINGS, GOOD])
    rows = b'P2,"' + ",".join(GOOD[1:]).encode() + b"\r\n"
    told = refusal(saved(path, path.read_bytes() + rows + b"x,y,z\r\n" * 200_000))
    assert (told.code, told.details["line"]) == ("unclosed_quote", 3)


def test_a_process_without_enough_memory_dies_alone(tmp_path, book, monkeypatch):
    monkeypatch.setattr(reader, "MEMORY_BYTES", 1)
    write_xlsx(book, [HEADINGS, *[GOOD] * 5_000])
    assert refusal(book).code == "too_much"


def test_a_process_that_takes_too_long_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "CPU_SECONDS", 1)
    path = write_text(
        tmp_path / "b.csv", [HEADINGS, *([f"P{n}", *GOOD[1:]] for n in range(400_000))]
    )
    assert refusal(path).code == "too_much"


def test_a_fault_of_the_program_is_told_without_personal_data(tmp_path, book, caplog, monkeypatch):
    message = reader.Crash("ValueError at rows.py:88")
    monkeypatch.setattr(reader.Reading, "_receive", lambda self: message)
    assert refusal(book).code == "damaged"
    assert "rows.py:88" in caplog.text


def test_a_reading_left_early_leaves_no_process_behind(tmp_path):
    path = write_text(tmp_path / "b.csv", [HEADINGS, *[GOOD] * 5_000])
    with read_rows(path, path.name, today=TODAY) as reading:
        next(iter(reading))
    assert reading._process.poll() is not None


def test_the_process_knows_no_secrets(tmp_path, monkeypatch):
    seen = {}

    def popen(*args, env, **options):
        seen.update(env)
        raise OSError

    monkeypatch.setenv("SECRET_KEY", "x")
    monkeypatch.setattr(reader.subprocess, "Popen", popen)
    with pytest.raises(OSError):
        read_rows(write_text(tmp_path / "b.csv", [HEADINGS]), "b.csv", today=TODAY)
    assert "SECRET_KEY" not in seen


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_refusal_and_reason_is_a_sentence(language):
    names = "limit suffix found cell line encoding columns list row said branch ours"
    details = dict.fromkeys(names.split(), "x")
    with override(language):
        assert all("%" not in str(Refusal(code, **details)) for code in REFUSALS)
        assert all(str(reason.words) and str(reason.mend) for reason in REASONS.values())


@pytest.mark.parametrize(
    "label", [label for label in hostile.FILES if label not in hostile.ALRIGHT]
)
def test_what_is_made_to_harm_is_told_in_time_and_memory(label, tmp_path):
    name, make = hostile.FILES[label]
    make(tmp_path / "file")
    told = _read_alone(tmp_path / "file", name)
    assert told["told"] in REFUSALS
    assert told["seconds"] < hostile.SECONDS
    assert told["mb"] < hostile.MEGABYTES


def _read_alone(path, name):
    """In a process that has no other children, since their peak is all that the system tells."""
    command = [sys.executable, "-m", "bench.hostile", f"{path}", json.dumps(name), "0"]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])

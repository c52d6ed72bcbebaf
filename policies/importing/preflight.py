"""Look at a file before anything parses it: is it what its name says, and does it unpack sanely?

Runs in the child process, before the readers, which trust the package and its addresses.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from policies.importing.problems import Refusal

Kind = Literal["xlsx", "xls", "text"]

WIDEST = 256  # columns
LONGEST = 1_048_576  # rows
_MOST_ENTRIES = 2_000
_MOST_UNPACKED = 2 << 30  # a million rows are 1.3 GiB
_SUSPICIOUS_SIZE, _SUSPICIOUS_RATIO = 10 << 20, 100
_CHUNK = 1 << 20
_OVERLAP = 64

_KINDS: dict[str, Kind] = {
    ".xlsx": "xlsx",
    ".xls": "xls",
    ".csv": "text",
    ".tsv": "text",
    ".txt": "text",
}
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
_OTHERS = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"{\\rtf", "RTF"),
    (b"\x7fELF", "ELF"),
    (b"SQLite format 3", "SQLite"),
)
_HTML = re.compile(rb"^\s*<(?:!doctype\s+html|html|head|table|meta|script|body)", re.IGNORECASE)
_XML = re.compile(rb"^\s*<\?xml", re.IGNORECASE)
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# A cell beyond column IV, or a row of seven digits and more.
_FAR_CELL = re.compile(
    rb"""[ \t\r\n]r=["']([A-Z]{3,}\d+|[J-Z][A-Z]\d+|I[W-Z]\d+|[A-Z]*\d{7,})["']"""
)
_DTD = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def check(path: Path, name: str, largest: int) -> Kind:
    """The kind of the file, or a Refusal."""
    size = path.stat().st_size
    if size == 0:
        raise Refusal("empty")
    if size > largest:
        raise Refusal("too_large", limit=largest >> 20)
    kind = _named_kind(name)
    with path.open("rb") as file:
        head = file.read(4096)
        _check_type(kind, head, path, Path(name).suffix.lower())
        if (
            kind == "text"
            and not head.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
            and size <= len(head)
        ):
            raise Refusal("empty")
        if kind == "xlsx":
            _check_package(file)
    return kind


def _named_kind(name: str) -> Kind:
    suffix = Path(name).suffix.lower()
    if suffix == ".xlsm":
        raise Refusal("macros")
    if suffix not in _KINDS:
        raise Refusal("unknown_type")
    return _KINDS[suffix]


def _check_type(kind: Kind, head: bytes, path: Path, suffix: str) -> None:
    found = _sniff(head)
    # An encrypted .xlsx is wrapped in the container of the old format.
    if found == "xls" and _ENCRYPTED in path.read_bytes():
        raise Refusal("encrypted")
    if found != kind:
        raise Refusal(
            "wrong_type",
            suffix=suffix,
            found=f".{found}" if found in _KINDS.values() and found != "text" else found,
        )


def _sniff(head: bytes) -> str:
    if head.startswith(_OLE):
        return "xls"
    if head.startswith(b"PK"):
        return "xlsx"
    if other := next((name for magic, name in _OTHERS if head.startswith(magic)), None):
        return other
    text = head.removeprefix(b"\xef\xbb\xbf")
    if _HTML.match(text):
        return "HTML"
    return "XML" if _XML.match(text) else "text"


# The package of an .xlsx


def _check_package(file: BinaryIO) -> None:
    try:
        package = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error):
        raise Refusal("damaged") from None
    entries = package.infolist()
    if len(entries) > _MOST_ENTRIES or sum(entry.file_size for entry in entries) > _MOST_UNPACKED:
        raise Refusal("unpacks_too_large")
    names = {entry.filename for entry in entries}
    if "EncryptedPackage" in names or any(entry.flag_bits & 1 for entry in entries):
        raise Refusal("encrypted")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Refusal("macros")
    if not any(name.lower().startswith("xl/") for name in names):
        raise Refusal("wrong_type", suffix=".xlsx", found="ZIP")
    for entry in entries:
        try:
            _check_entry(file, entry)
        except (
            OSError,
            ValueError,
            OverflowError,
        ):  # the directory names places that are not there
            raise Refusal("damaged") from None


def _check_entry(file: BinaryIO, entry: zipfile.ZipInfo) -> None:
    suspicious = max(_SUSPICIOUS_SIZE, entry.compress_size * _SUSPICIOUS_RATIO)
    if entry.file_size > suspicious:
        raise Refusal("unpacks_too_large")
    unpacked, tail = 0, b""
    is_xml = entry.filename.lower().endswith((".xml", ".rels", ".vml"))
    for chunk in _unpack(file, entry):
        unpacked += len(chunk)
        if unpacked > entry.file_size:  # the package lies about what it holds
            raise Refusal("unpacks_too_large")
        if is_xml:
            _check_xml(tail + chunk, first=not tail)
            tail = chunk[-_OVERLAP:]


def _unpack(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The entry's bytes until its stream ends, not until its declared size, as parsers read it."""
    file.seek(entry.header_offset)
    header = file.read(30)
    if len(header) < 30 or not header.startswith(_ZIP):
        raise Refusal("damaged")
    name_size, extra_size = struct.unpack("<HH", header[26:30])
    file.seek(name_size + extra_size, 1)
    if entry.compress_type == zipfile.ZIP_STORED:
        yield from _stored(file, entry.compress_size)
    elif entry.compress_type == zipfile.ZIP_DEFLATED:
        yield from _inflated(file)
    else:
        raise Refusal("damaged")


def _stored(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0 and (chunk := file.read(min(size, _CHUNK))):
        size -= len(chunk)
        yield chunk


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        while not inflate.eof:
            packed = inflate.unconsumed_tail or file.read(1 << 16)
            if not packed:
                raise Refusal("damaged")
            yield inflate.decompress(packed, _CHUNK)
    except zlib.error:
        raise Refusal("damaged") from None


def _check_xml(chunk: bytes, *, first: bool) -> None:
    if first and (chunk.startswith((b"\xfe\xff", b"\xff\xfe")) or b"\x00" in chunk[:4]):
        raise Refusal("unsafe_xml")  # a DTD in UTF-16 would pass unseen
    if _DTD.search(chunk):
        raise Refusal("unsafe_xml")
    for far in _FAR_CELL.finditer(chunk):
        address = far[1].decode()
        if len(address.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) < 7 or not _row_is_near(address):
            raise Refusal("too_wide", cell=address)


def _row_is_near(address: str) -> bool:
    """Whether a row number of seven digits is the last allowed, in an allowed column."""
    letters = address.rstrip("0123456789")
    near_column = len(letters) < 2 or (len(letters) == 2 and letters <= "IV")
    return near_column and int(address[len(letters) :]) <= LONGEST

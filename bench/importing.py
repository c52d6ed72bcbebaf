"""A province's policy book into an empty database, from .xlsx and .csv: seconds and memory.

`python -m bench.importing FILE DATABASE HOW` is the process that is measured.
"""

import csv
import json
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from xml.sax.saxutils import escape

from django.db import connection

from lib import dates
from lib.identity import check_digit

HEADINGS = (
    "机构 保险单号码 投保人 性别 出生日期 证件类型 证件号码 手机号码 联系电话 联系地址 邮编 被保险人"
    " 被保险人证件号码 投被保人关系 险种名称 保险金额 保险费 缴费方式 缴费期间 保险期间 承保日期"
    " 生效日期 交费对应日 满期日 保单状态 服务人员代码 服务人员姓名 开户行 账号"
).split()
SLOWEST_OF_BY_HAND, XLSX_OF_ITS_PARTS = 0.5, 1.5
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞平刚桂英华玉萍红建国"
_PRODUCTS = (
    "鑫享年金保险(分红型)",
    "定期寿险A款",
    "福满堂终身寿险",
    "康宁重大疾病保险",
    "住院医疗",
)
_EPOCH = date(1899, 12, 30)

Cell = str | float | date
Say = Callable[..., None]


def rows(count: int) -> Iterator[list[Cell]]:
    """As many policies, of about half as many people."""
    random = Random(5)
    people = [_person(random, n) for n in range(count * 55 // 100)]
    for n in range(count):
        name, born, number, mobile, address, account = random.choice(people)
        start = date(2010, 1, 1) + timedelta(days=random.randrange(5_900))
        yield [
            "杭州中心支公司", f"86{n:012d}", name, "", born, "身份证", number, mobile,
            f"0571-{random.randrange(10**8):08d}", address, "310000", name, number, "本人",
            random.choice(_PRODUCTS), float(random.randrange(1, 200) * 5_000),
            random.randrange(10**6) / 100, "年交", "20年", "30年", start - timedelta(days=1), start,
            "", start.replace(day=1, year=start.year + 30), "有效",
            f"0861{random.randrange(1_375):04d}", "顾仁英", "中国农业银行", account,
        ]  # fmt: skip


def _person(random: Random, n: int) -> tuple[str, date, str, str, str, str]:
    born = date(1950, 1, 1) + timedelta(days=random.randrange(18_000))
    number = f"330106{born:%Y%m%d}{n % 1000:03d}"
    name = random.choice(_SURNAMES) + random.choice(_GIVEN) + random.choice(_GIVEN)
    mobile, account = f"13{random.randrange(10**9):09d}", f"6222{random.randrange(10**15):015d}"
    address = f"浙江省杭州市西湖区江南大道{n % 999}号{n % 37}幢{n}室"
    return name, born, number + check_digit(number), mobile, address, account


def write_csv(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows(rows(count))


def write_xlsx(path: Path, count: int) -> None:
    """As spreadsheets save it, all texts in one table; the libraries would hold that in memory."""
    texts: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for part, content in _PARTS.items():
            package.writestr(part, content)
        with package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(_SHEET.encode())
            sheet.write(_row(1, HEADINGS, texts).encode())
            for row_no, row in enumerate(rows(count), 2):
                sheet.write(_row(row_no, row, texts).encode())
            sheet.write(b"</sheetData></worksheet>")
        with package.open("xl/sharedStrings.xml", "w", force_zip64=True) as strings:
            strings.write(f'<?xml version="1.0" encoding="UTF-8"?><sst xmlns="{_MAIN}">'.encode())
            for text in texts:
                strings.write(f"<si><t>{escape(text)}</t></si>".encode())
            strings.write(b"</sst>")


_LETTERS = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *(f"A{letter}" for letter in "ABCDEF")]


def _row(row_no: int, cells: Sequence[Cell], texts: dict[str, int]) -> str:
    written = []
    for letter, cell in zip(_LETTERS, cells, strict=False):
        if isinstance(cell, date):
            written.append(f'<c r="{letter}{row_no}" s="1"><v>{(cell - _EPOCH).days}</v></c>')
        elif isinstance(cell, float):
            written.append(f'<c r="{letter}{row_no}"><v>{cell}</v></c>')
        elif cell:
            place = texts.setdefault(cell, len(texts))
            written.append(f'<c r="{letter}{row_no}" t="s"><v>{place}</v></c>')
    return f'<row r="{row_no}">{"".join(written)}</row>'


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET = f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{_MAIN}"><sheetData>'
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPES}.sharedStrings+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="清单" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    f'<Relationship Id="rId3" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts><font/></fonts><fills><fill/></fills>'
    "<borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs>"
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
}


def bench(say: Say, *counts: int) -> None:
    """Import a book of each kind and size into a database of its own, and take it back."""
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            csv_path, xlsx_path = Path(folder) / "book.csv", Path(folder) / "book.xlsx"
            write_csv(csv_path, count)
            write_xlsx(xlsx_path, count)
            by_hand = _in_a_database_of_its_own(csv_path, "by_hand")["seconds"]
            from_csv = _in_a_database_of_its_own(csv_path)
            from_xlsx = _in_a_database_of_its_own(xlsx_path)
        _say_csv(say, from_csv, by_hand, count)
        _say_xlsx(say, from_xlsx, from_csv, count)
        for kind, figures in (("csv", from_csv), ("xlsx", from_xlsx)):
            undone = figures["undo_seconds"]
            say(f"undo a book from {kind}", undone, figures["seconds"], count)


def _say_csv(say: Say, ours: dict[str, float], by_hand: float, count: int) -> None:
    """At least half the rate of COPY and an upsert by hand."""
    more = {"rows_a_second": round(count / ours["seconds"]), "by_hand_s": round(by_hand, 2)}
    more |= {name: ours[name] for name in ("worker_mb", "reader_mb", "rejected")}
    say("import a book from csv", ours["seconds"], by_hand / SLOWEST_OF_BY_HAND, count, **more)


def _say_xlsx(say: Say, ours: dict[str, float], csv: dict[str, float], count: int) -> None:
    """Half as long again as reading the file alone and writing what a csv says."""
    writing = max(csv["seconds"] - csv["read_seconds"], 0)
    limit = XLSX_OF_ITS_PARTS * (ours["read_seconds"] + writing)
    more = {"rows_a_second": round(count / ours["seconds"])}
    more |= {name: ours[name] for name in ("worker_mb", "reader_mb", "rejected")}
    say("import a book from xlsx", ours["seconds"], limit, count, **more)


def _in_a_database_of_its_own(path: Path, how: str = "ours") -> dict[str, float]:
    usual = str(connection.settings_dict["NAME"])
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        return _measured(path, name, how)
    finally:
        connection.creation.destroy_test_db(usual, verbosity=0)


def _measured(path: Path, database: str, how: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.importing", str(path), database, how]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def peak_mb() -> int:
    """Since this program began: `ru_maxrss` would also count whoever started it."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    peak = next((line for line in lines if line.startswith("VmHWM:")), "")
    if peak:
        return int(peak.split()[1]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def readers_mb() -> int:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10


def main() -> None:
    import django

    django.setup()
    path, connection.settings_dict["NAME"], how = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    figures = _by_hand(path) if how == "by_hand" else _ours(path)
    print(json.dumps(figures))


def _by_hand(path: Path) -> dict[str, float]:
    from bench.book_by_hand import take_in

    began = perf_counter()
    take_in(path)
    return {"seconds": perf_counter() - began}


def _ours(path: Path) -> dict[str, float]:
    """Through the ledger, as the office does it: read alone, read and written, undone."""
    from django.db import transaction

    from policies.batches import ImportBatch
    from policies.importing import undo
    from policies.importing.apply import Order
    from policies.importing.intake import import_file
    from policies.importing.reader import read_rows
    from policies.models import Insurer

    began = perf_counter()
    with read_rows(path, path.name, today=dates.today()) as reading:
        for _batch in reading:
            pass
    read = perf_counter()
    batch = ImportBatch.objects.create(insurer=Insurer.usual(), name=path.name)
    order = Order(Insurer.usual(), create_agents=True, batch=batch.pk)
    report = import_file(path, path.name, order)
    written = perf_counter()
    batch.refresh_from_db()
    with transaction.atomic():
        done = undo.undo(batch, None)
    assert not done.kept, done.kept
    return {
        "read_seconds": read - began,
        "seconds": written - read,
        "undo_seconds": perf_counter() - written,
        "rejected": report.rejected_rows,
        "worker_mb": peak_mb(),
        "reader_mb": readers_mb(),
    }


if __name__ == "__main__":
    main()

"""A file from its first byte to the written list, and the same for an upload of the ledger."""

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import IO, Any, TextIO, cast

from django.conf import settings
from django.core.files import File
from django.db import OperationalError, transaction
from django.utils import timezone, translation

from lib.masking import mask_account, mask_id, mask_phone
from policies.batches import HeadingMemory, ImportBatch, Stopped
from policies.importing import differing
from policies.importing import undo as undoing
from policies.importing.apply import Finding, Order, Report, take_in, wait_for_others
from policies.importing.layout import Layout
from policies.importing.layouts import LAYOUTS, AllTold
from policies.importing.messages import Header
from policies.importing.problems import REASONS, Note, Refusal
from policies.importing.reader import Reading, read_rows
from policies.importing.rows import ParsedRow
from policies.models import Insurer, Product

SHOWN_ROWS = 500  # of a group of problems; the counts are of all
_MASKS = {"id": mask_id, "phone": mask_phone, "account": mask_account, "email": mask_account}


class Superseded(Exception):  # noqa: N818 - nothing is wrong
    """Somebody else has finished this import meanwhile."""


def import_file(
    path: Path,
    name: str,
    order: Order,
    *,
    kind: str = "",
    told: AllTold | None = None,
    refused: TextIO | None = None,
    expected: Callable[[int], object] = lambda rows: None,
    found: Callable[[list[str]], object] = lambda kinds: None,
    **hooks: Callable[..., Any],
) -> Report:
    """Read a list and take it in. Raise Refusal, with nothing taken, where it cannot be read.

    Of several kinds of lists in the file only one is taken: `kind`, or the first; `found` hears of
    all. `refused` gets the refused rows as the file has them; `hooks` are those of `take_in`.
    """
    report = Report()
    told = HeadingMemory.of(order.insurer.pk) if told is None else told
    with read_rows(path, name, today=order.today, told=told) as reading:
        expected(reading.rows_in_all or 0)
        batches = _of_kind(reading, kind or reading.header.kind)
        header, first = next(batches)
        layout = LAYOUTS[header.kind]
        report.notes = reading.notes  # which grow while it is read
        report.notes += _unread_columns(header)
        columns = {match.field: match.heading for match in header.matches}
        order = replace(order, name=name, columns=columns)
        spool = _Refused(refused, layout, header)
        rows = _good_rows(layout, chain([first], (rows for _, rows in batches)), report, spool,
            _corrected(order.insurer))  # fmt: skip
        take_in(rows, order, report, layout=layout, **hooks)
        found(list(dict.fromkeys(header.kind for header in reading.headers)))
    spool.add(report.rejected)
    return report


def _unread_columns(header: Header) -> list[Note]:
    """Columns that somebody would have been asked about, and was not."""
    read = {match.place for match in header.matches}
    unread = [guess.heading for guess in header.columns if guess.asked and guess.place not in read]
    return [Note("columns_unread", {"columns": ", ".join(unread)}, header.kind)] if unread else []


def kinds_of(path: Path, name: str, told: AllTold | None = None) -> list[str]:
    """The kinds of lists in the file, in the order in which they are taken in."""
    with read_rows(path, name, today=timezone.localdate(), told=told) as reading:
        for _batch in reading:
            pass
        found = {header.kind for header in reading.headers}
    return [kind for kind in LAYOUTS if kind in found]


def _of_kind(reading: Reading, kind: str) -> Iterator[tuple[Header, list[ParsedRow]]]:
    """The batches of that kind of list with the header of the first; at least one, perhaps empty."""
    told: Header | None = None
    for batch in reading:
        told = told or next((h for h in reading.headers if h.kind == kind), None)
        if told and batch and batch[0].kind == kind:
            yield told, batch
    told = told or next((h for h in reading.headers if h.kind == kind), None)
    if told is None:
        raise Refusal("no_headings")
    yield told, []


def _good_rows(
    layout: Layout,
    batches: Iterable[list[ParsedRow]],
    report: Report,
    refused: "_Refused",
    known_products: set[str],
) -> Iterator[ParsedRow]:
    """Let through what can be taken; report the rest."""
    for batch in batches:
        for row in batch:
            report.rows += 1
            refused.keep(row)
            if row.refused:
                report.rejected += _findings(layout, row, fatal=True)
                continue
            if row.problems:
                report.warnings += [
                    finding
                    for finding in _findings(layout, row, fatal=False)
                    if finding.reason != "product_unknown" or finding.value not in known_products
                ]
            yield row


def _findings(layout: Layout, row: ParsedRow, *, fatal: bool) -> list[Finding]:
    policy_no = row.values[layout.at[layout.key]]
    holder = row.values[layout.at[layout.holder]]
    return [
        Finding(row.row_no, problem.column, problem.value, problem.code, policy_no, holder)
        for problem in row.problems
        if problem.fatal == fatal
    ]


def _corrected(insurer: Insurer) -> set[str]:
    """Products whose kind somebody has told us, so that nobody need be asked again."""
    told = Product.objects.filter(insurer=insurer).exclude(kind=Product.Kind.OTHER)
    return set(told.values_list("name", flat=True))


class _Refused:
    """Keeps refused rows: the file's own columns, then row number and reasons."""

    def __init__(self, file: TextIO | None, layout: Layout, header: Header) -> None:
        self.layout = layout
        self.kept: dict[int, tuple[str, ...]] = {}  # rows that the database may yet refuse
        self.writer = csv.writer(file) if file else None
        if self.writer:
            self.writer.writerow(header.headings)

    def keep(self, row: ParsedRow) -> None:
        if self.writer and row.refused:
            self._write(
                row.row_no, [(p.column, p.code) for p in row.problems if p.fatal], row.cells
            )
        elif self.writer and self.layout.write:
            self.kept[row.row_no] = row.cells

    def add(self, rejected: Iterable[Finding]) -> None:
        """Add those that were refused by what is known."""
        for finding in rejected:
            if cells := self.kept.pop(finding.row, None):
                self._write(finding.row, [(finding.column, finding.reason)], cells)

    def _write(self, row: int, problems: list[tuple[str, str]], cells: tuple[str, ...]) -> None:
        if self.writer:
            reasons = ";".join(f"{column}|{code}" for column, code in problems)
            self.writer.writerow([row, reasons, *cells])


# --- uploads


def look_into(path: Path, name: str) -> None:
    """Raise Refusal if the file cannot be a list."""
    read_rows(path, name, today=timezone.localdate(), asks=True).close()


def _doubts(batch: ImportBatch) -> bool:
    """Whether somebody has to say of some columns what they are; once said, it is not asked again."""
    path = Path(batch.file.path)
    with read_rows(
        path, batch.name, today=timezone.localdate(), told=batch.told, asks=True
    ) as reading:
        header = _header_of(reading, batch.kind)
    batch.columns = {
        "kind": header.kind, "lacks": header.lacks, "row": header.header_row, "sheet": header.sheet,
        "rows": header.rows_in_all or 0, "columns": [guess._asdict() for guess in header.columns],
    }  # fmt: skip
    batch.save(update_fields=["columns"])
    asked = any(guess.asked for guess in header.columns)
    return header.lacks or (asked and header.kind not in batch.mapping)


def _header_of(reading: Reading, kind: str) -> Header:
    """Of that kind of list, or the first; the file is read until it comes."""
    for _batch in chain([None], reading):
        found = next((header for header in reading.headers if header.kind == kind), None)
        if found or not kind:
            return found or reading.header
    return reading.header


def check(batch: ImportBatch) -> list[ImportBatch]:
    """Say what the list would change; write nothing. Return imports made of the file's other lists."""
    if not batch.take(ImportBatch.State.CHECKING, ImportBatch.CHECKS):
        return []
    with _unless_stopped(batch), batch.worked_at():
        return _check(batch)
    return []


@contextmanager
def _unless_stopped(batch: ImportBatch) -> Iterator[None]:
    """Work that somebody has stopped ends without a word, also in the middle of a statement."""
    state = batch.state
    try:
        yield
    except Stopped:
        return
    except OperationalError:
        if batch.is_still(state):
            raise


def _check(batch: ImportBatch) -> list[ImportBatch]:
    _forget_check_before(batch)
    try:
        if _doubts(batch):
            batch.finish(ImportBatch.State.MAPPING, begun_at=None, finished_at=None)
            return []
    except Refusal as refusal:
        fail(batch, refusal)
        return []
    kinds: list[str] = []
    with spooled() as (spool, refused), tempfile.TemporaryFile("w+", encoding="utf-8") as told:
        try:
            report = _import_batch(
                batch, refused=refused, found=kinds.extend, dry_run=True, begin=batch.read_all,
                differ=lambda differences: differing.write(differences, told),
            )  # fmt: skip
        except Refusal as refusal:
            fail(batch, refusal)
            return []
        if report.rejected:
            keep(batch, "refused_file", spool)
        if report.differences:
            told.flush()
            keep(batch, "differences_file", cast("IO[bytes]", told.buffer))
    ended = batch.finish_from(
        ImportBatch.State.CHECKING, ImportBatch.State.CHECKED, report=summary(report),
        total_rows=report.rows, begun_at=None, finished_at=None,
    )  # fmt: skip
    return batch.tell_apart(report.kind, kinds) if ended else []


def apply(batch: ImportBatch) -> None:
    """Write the checked list, once."""
    if not batch.take(ImportBatch.State.APPLYING, [ImportBatch.State.APPLYING]):
        return

    def begin() -> None:
        if not batch.is_still(ImportBatch.State.APPLYING):
            raise Superseded
        batch.read_all()

    def finish(report: Report) -> None:
        """Unless it was stopped meanwhile, or somebody else was quicker: then nothing is written."""
        ended = batch.finish_from(
            ImportBatch.State.APPLYING, ImportBatch.State.APPLIED, report=summary(report),
            done_rows=report.rows, total_rows=report.rows,
        )  # fmt: skip
        if not ended:
            raise Superseded

    with _unless_stopped(batch), batch.worked_at():
        try:
            _import_batch(batch, begin=begin, finish=finish)
        except Refusal as refusal:
            fail(batch, refusal)
        except Superseded:
            return


def undo(batch: ImportBatch) -> None:
    """Undo an applied import, once; what is undone before is left as it is."""
    if not batch.take(ImportBatch.State.UNDOING, [ImportBatch.State.UNDOING]):
        return
    with transaction.atomic():
        wait_for_others()
        if not batch.is_still(ImportBatch.State.UNDOING):
            return
        done = undoing.undo(batch, batch.undone_by)
        batch.finish(
            ImportBatch.State.UNDONE, undo_report=done.as_json(), undone_at=timezone.now(),
            listed_at=None, finished_at=batch.finished_at,
        )  # fmt: skip


def _import_batch(batch: ImportBatch, *, dry_run: bool = False, **more: Any) -> Report:
    order = Order(
        batch.insurer,
        by=batch.uploaded_by,
        create_agents=batch.create_agents,
        owners=batch.owners,
        dry_run=dry_run,
        mode=batch.mode,
        batch=batch.pk,
    )
    path = Path(batch.file.path)
    hooks = {"expected": batch.expect, "progress": batch.beat} | more
    return import_file(path, batch.name, order, kind=batch.kind, told=batch.told, **hooks)


def _forget_check_before(batch: ImportBatch) -> None:
    for file in (batch.refused_file, batch.differences_file):
        if file:
            file.delete(save=False)
    ImportBatch.objects.filter(pk=batch.pk).update(refused_file="", differences_file="")


@contextmanager
def spooled() -> Iterator[tuple[IO[bytes], TextIO]]:
    """A file until the end of the block, and the text that is written into it."""
    with tempfile.TemporaryFile() as spool:
        text = io.TextIOWrapper(spool, "utf-8", newline="", write_through=True)
        yield spool, text
        text.detach()


def keep(batch: ImportBatch, name: str, spool: IO[bytes]) -> None:
    file = getattr(batch, name)
    file.save(f"{name}.txt", File(spool), save=False)
    ImportBatch.objects.filter(pk=batch.pk).update(**{name: file.name})


def fail(batch: ImportBatch, refusal: Refusal) -> None:
    """Keep the sentence in both languages: who reads it may not be who waits for it."""
    words = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            words[language] = str(refusal)
    batch.finish(ImportBatch.State.FAILED, report={"refusal": words}, error=refusal.code)


def summary(report: Report) -> dict[str, Any]:
    """The report as it is kept: problems by how they are mended, personal numbers masked."""
    rows: dict[str, Any] = {
        "rejected_rows": report.rejected_rows,
        "warned_rows": report.warned_rows,
    }
    rows |= {"changes": report.changes, "notes": [list(note) for note in report.noticed]}
    rows |= {"unknown_agents": report.unknown_agents}
    return report.numbers | rows | {"groups": _groups((*report.rejected, *report.warnings))}


def _groups(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    for finding in findings:
        code = finding.reason
        new = {
            "code": code,
            "fatal": REASONS[code].fatal,
            "column": finding.column,
            "count": 0,
            "rows": [],
        }
        group = groups.setdefault(code, new)
        group["count"] += 1
        if len(group["rows"]) < SHOWN_ROWS:
            group["rows"].append([finding.row, finding.policy_no, finding.holder, masked(finding)])
    return sorted(groups.values(), key=lambda group: (not group["fatal"], -group["count"]))


def masked(finding: Finding) -> str:
    mask = _MASKS.get(finding.reason.split("_", maxsplit=1)[0])
    return mask(finding.value) if mask else finding.value[:60]


def refused_rows(batch: ImportBatch) -> tuple[list[str], Iterator[list[str]]]:
    """The user's own headings and refused rows, with the reason at the end of each."""
    lines = csv.reader(line.decode() for line in batch.refused_file.open("rb"))
    headings = next(lines)
    width = len(headings)  # now: the caller adds headings of its own
    return headings, (_with_reason(line, width) for line in lines)


def _with_reason(line: list[str], width: int) -> list[str]:
    row, reasons, *cells = line
    told = []
    for reason in reasons.split(";"):
        column, _, code = reason.rpartition("|")
        told.append(f"{column}: {REASONS[code].words}")
    return [*(cells + [""] * width)[:width], row, "; ".join(told)]

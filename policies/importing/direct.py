"""A file straight into the book, with nobody to confirm it: by command, or out of a folder."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from policies.batches import HeadingMemory, ImportBatch
from policies.importing.apply import Order, Report
from policies.importing.intake import import_file, kinds_of, summary
from policies.importing.layouts import LAYOUTS
from policies.importing.problems import REASONS, TIDIED
from policies.models import Insurer

SHOWN = 20  # findings of a report that are told one by one
NUMBERS: dict[str, Promise] = {
    "rows": _("rows"),
    "rejected_rows": _("rows not imported"),
    "created_clients": _("new clients"),
    "updated_clients": _("clients changed"),
    "created_policies": _("new policies"),
    "updated_policies": _("policies changed"),
    "unchanged": _("unchanged"),
}


def import_path(path: Path, name: str, order: Order, *, sha256: str = "") -> list[Report]:
    """Take in each list of the file, with an entry in the ledger from which follow-ups are written.

    With a checksum, lists of a file that is in the book already are left out.
    """
    order = replace(order, owners=ImportBatch.last_owners(order.insurer))
    kinds = kinds_of(path, name, HeadingMemory.of(order.insurer.pk))
    return [
        _import_list(path, name, order, kind, sha256)
        for kind in kinds
        if not (sha256 and known(order.insurer, sha256, kind))
    ]


def known(insurer: Insurer, sha256: str, kind: str) -> bool:
    """Whether that list of that very file was imported, and not undone."""
    return ImportBatch(insurer=insurer, sha256=sha256, kind=kind).twin is not None


def _import_list(path: Path, name: str, order: Order, kind: str, sha256: str) -> Report:
    made: list[ImportBatch] = []

    def begin() -> int:
        made.append(
            ImportBatch.objects.create(
                insurer=order.insurer, name=name[:200], create_agents=order.create_agents, kind=kind,
                owners=order.owners, state=ImportBatch.State.APPLIED, sha256=sha256, size=path.stat().st_size,
            )
        )  # fmt: skip
        return made[-1].pk

    def finish(report: Report) -> None:
        ImportBatch.objects.filter(pk=made[-1].pk).update(
            report=summary(report), total_rows=report.rows, finished_at=timezone.now()
        )

    return import_file(path, name, order, kind=kind, begin=begin, finish=finish)


def told(report: Report) -> Iterator[str]:
    """The report in lines for people, without what stands in the cells."""
    yield str(LAYOUTS[report.kind].label)
    counted = report.numbers | {"rejected_rows": report.rejected_rows}
    for name, label in NUMBERS.items():
        yield f"  {label}: {counted[name]}"
    for note in report.noticed:
        if note.code != TIDIED:
            yield f"  {note.words}"
    for finding in (*report.rejected, *report.warnings)[:SHOWN]:
        reason = REASONS[finding.reason]
        yield f"  {finding.row} · {finding.column}: {reason.words}. {reason.mend}"
    more = len(report.rejected) + len(report.warnings) - SHOWN
    if more > 0:
        yield "  " + _("%(n)s more remarks") % {"n": more}

"""A file straight into the book, with nobody to confirm it: by command, or out of a folder."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from policies.batches import HeadingMemory, ImportBatch
from policies.importing.apply import Finding, Order, Report
from policies.importing.intake import fail, import_file, keep, kinds_of, spooled, summary
from policies.importing.layouts import LAYOUTS
from policies.importing.problems import REASONS, TIDIED, Refusal
from policies.models import Insurer

SHOWN = 20  # rows named of each remark
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

    with spooled() as (spool, refused):
        report = import_file(
            path, name, order, kind=kind, begin=begin, finish=finish, refused=refused
        )
        if report.rejected and not order.dry_run:
            keep(made[-1], "refused_file", spool)
    return report


def note_refusal(name: str, order: Order, refusal: Refusal, size: int) -> None:
    """Let a file that cannot be read stand in the ledger, too, for those who never see the folder."""
    failed = ImportBatch.objects.create(
        insurer=order.insurer, name=name[:200], size=size, state=ImportBatch.State.FAILED
    )
    fail(failed, refusal)


def told(report: Report) -> Iterator[str]:
    """The report in lines for people, without what stands in the cells."""
    yield str(LAYOUTS[report.kind].label)
    counted = report.numbers | {"rejected_rows": report.rejected_rows}
    for name, label in NUMBERS.items():
        yield f"  {label}: {counted[name]}"
    for note in report.noticed:
        if note.code != TIDIED:
            yield f"  {note.words}"
    for findings in _alike((*report.rejected, *report.warnings)):
        reason = REASONS[findings[0].reason]
        said = {
            "n": len(findings),
            "column": findings[0].column,
            "words": reason.words,
            "mend": reason.mend,
        }
        yield "  " + gettext("%(n)s × %(column)s: %(words)s. %(mend)s") % said
        rows = ", ".join(f"{finding.row}" for finding in findings[:SHOWN])
        yield "    " + gettext("rows %(rows)s") % {
            "rows": f"{rows} …" if findings[SHOWN:] else rows
        }
    if report.rejected:
        yield "  " + gettext("The rows that were not imported can be fetched on the page Import.")


def _alike(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Those of one column that are mended in one way."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.reason, finding.column), []).append(finding)
    return list(groups.values())

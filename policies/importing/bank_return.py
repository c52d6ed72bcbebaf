"""The bank's return: staged here, posted by `policies.bank`."""

from policies import bank
from policies.importing import listing
from policies.importing.apply import Order, Report


def write(order: Order, report: Report) -> None:
    posted = bank.post(order)
    report.unchanged = posted.repeated
    report.counts = {
        "collected": posted.paid,
        "collected_amount": str(posted.paid_amount),
        "failed": posted.failed,
        "failures": posted.failures,
        "waiting": posted.ambiguous + posted.unknown,
        "ambiguous": posted.ambiguous,
        "unknown": posted.unknown,
        "repeated": posted.repeated,
    }
    names = dict(listing.ask("SELECT row, account_name FROM import_bank"))
    report.warnings += [
        order.finding(row, "reference", reference, "line_waits", reference, names.get(row, ""))
        for row, reference in posted.unknown_rows
    ]

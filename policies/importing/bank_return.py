"""The bank's return: staged here, posted by `policies.bank`."""

from policies import bank
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
    report.warnings += [
        order.finding(row, "reference", reference, "line_waits", reference, name)
        for row, reference, name in posted.unknown_rows
    ]

"""Control totals: what a file about money says of its own lines must be true of them."""

import re
from collections.abc import Iterable
from decimal import Decimal

from policies.importing import parsing
from policies.importing.columns import Match
from policies.importing.layout import Layout
from policies.importing.parsing import Cell
from policies.importing.problems import Refusal
from policies.importing.rows import ParsedRow

_PART = re.compile(r"小计|本页|subtotal|pagetotal")
_COUNT = re.compile(
    r"(?:笔数|件数|条数|记录数|records|items|lines|count)[:=]? ?(\d+)|(?:共|计|总):? ?(\d+)[笔件条]"
)
_AMOUNT = re.compile(r"(?:金额|amount)(?:合计|总计)?[:=]? ?[¥￥]?(\d[\d,]*(?:\.\d+)?)")


class Sums:
    """How many lines, and of how much."""

    def __init__(self) -> None:
        self.count, self.amount = 0, Decimal(0)

    def add(self, amount: Decimal) -> None:
        self.count += 1
        self.amount += amount


class Control:
    """Adds up the lines, and compares whenever the file says a total.

    A total may be of all lines, of the collected or the failed ones, or of those since the last.
    """

    def __init__(self, layout: Layout, matches: Iterable[Match]) -> None:
        self.at_amount, self.at_ok = layout.at[layout.control], layout.at.get("ok")
        self.place = next((m.place for m in matches if m.field == layout.control), None)
        self.all, self.since, self.by_answer = Sums(), Sums(), {True: Sums(), False: Sums()}

    def add(self, row: ParsedRow) -> None:
        amount = row.values[self.at_amount] or Decimal(0)
        ok = None if self.at_ok is None else row.values[self.at_ok]
        for sums in (self.all, self.since, *([self.by_answer[ok]] if ok is not None else [])):
            sums.add(amount)

    def hear(self, cells: list[Cell]) -> None:
        """A row that says totals: of the lines read so far."""
        words = " ".join(parsing.plain(parsing.text_of(cell)) for cell in cells)
        if _PART.search(words.replace(" ", "")):
            return
        self._compare_amount(self._said_amount(cells, words))
        if found := _COUNT.search(words):
            self._compare_count(int(found[1] or found[2]))
        self.since = Sums()

    def end(self, above: Iterable[list[Cell]]) -> None:
        """What stands above the headings is said of all lines."""
        for cells in above:
            words = " ".join(parsing.plain(parsing.text_of(cell)) for cell in cells)
            if found := _AMOUNT.search(words):
                self._compare_amount(Decimal(found[1].replace(",", "")))
            if found := _COUNT.search(words):
                self._compare_count(int(found[1] or found[2]))

    def _said_amount(self, cells: list[Cell], words: str) -> Decimal | None:
        if self.place is not None and self.place < len(cells):
            under = parsing.money(cells[self.place])
            if isinstance(under, Decimal):
                return under
        found = _AMOUNT.search(words)
        return Decimal(found[1].replace(",", "")) if found else None

    @property
    def _known(self) -> tuple[Sums, ...]:
        return (self.all, self.since, *self.by_answer.values())

    def _compare_amount(self, said: Decimal | None) -> None:
        if said is not None and all(said != sums.amount for sums in self._known):
            raise Refusal("control_total", said=f"{said:,.2f}", found=f"{self.all.amount:,.2f}")

    def _compare_count(self, said: int) -> None:
        if all(said != sums.count for sums in self._known):
            raise Refusal("control_total", said=said, found=self.all.count)

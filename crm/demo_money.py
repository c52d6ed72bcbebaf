"""What happens to the demo branch's premiums: collected, failed, promised, lapsed, brought back."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from accounts.models import User
from lib import dates
from policies import premiums, promises, reinstatement
from policies.bank import BankRow
from policies.batches import ImportBatch
from policies.importing import debits
from policies.importing.apply import Order, Report, take_in
from policies.importing.intake import summary
from policies.importing.layouts import LAYOUTS
from policies.importing.rows import ParsedRow
from policies.models import Instalment, Policy
from policies.reinstatement import NEEDED
from policies.uncollected import UncollectedCase

GRACE_DAYS = premiums.USUAL_GRACE_DAYS
KNOWN_PREMIUMS = 5  # of the years before, as far back as a branch looks

# Where an open premium may stand, in days since it fell due: every stage of the way is peopled.
AHEAD = (90, 88, 60, 30, 29, 20, 7, 3, 0)
IN_GRACE = (1, 3, 10, 12, 25, 30, 33, 45, 48, 53, 55, 57, 59)
LAPSED = (
    61, 64, 70, 91, 120, 150, 180, 210, 241, 270, 300, 330, 365, 426, 480, 540, 600, 660,
    701, 730, 745, 761, 775, 786,
)  # fmt: skip
AT_MOST_UNPAID = 20_000  # whoever pays more is looked after sooner

COLLECTED = "收费成功"
FAILURES = {
    "可用余额不足": 50,
    "帐号不存在": 8,
    "卡号无效": 8,
    "户名不符": 5,
    "账户已冻结": 6,
    "超过单笔限额": 6,
    "未签授权": 7,
    "系统超时": 8,
    "其他": 2,
}
BANK_RUNS = (8, 1)  # days back
COLLECTED_DAYS = 12  # premiums that fell due in these days the bank collects before our eyes


def put_in_the_past(policy: Policy, rng: Random, today: date) -> None:
    """Give a policy with regular premiums dates that put it where it should stand today."""
    months = policy.months_between or 12
    lot = rng.random()
    if lot < 0.5:  # sold in a month of which the second or third premium is assessed this year
        _sell(policy, _in_assessed_month(rng, today), rng.choice((1, 1, 2)), today)
    elif lot < 0.61:
        _owe(policy, today - timedelta(days=rng.choice(IN_GRACE)), rng)
    elif lot < 0.66:
        _owe(policy, today - timedelta(days=rng.choice(LAPSED)), rng)
    elif lot < 0.75:
        _owe(policy, today + timedelta(days=rng.choice(AHEAD) % (30 * months)), rng)
    else:
        _owe(policy, today + timedelta(days=rng.randrange(1, 30 * months)), rng)


def _in_assessed_month(rng: Random, today: date) -> date:
    back = rng.randrange(1, 12) if rng.random() < 0.35 else 0
    month = dates.add_months(today.replace(day=1), -2 - back)
    return month + timedelta(days=rng.randrange(28))


def _sell(policy: Policy, anniversary: date, years: int, today: date) -> None:
    policy.effective_on = dates.add_years(anniversary, -years)
    due_on = dates.next_due_date(
        policy.effective_on, policy.months_between or 12, today + timedelta(days=1)
    )
    owe(policy, due_on)


def _owe(policy: Policy, due_on: date, rng: Random) -> None:
    """Let that premium be the open one of a policy some years old."""
    months = policy.months_between or 12
    if due_on.day > 28:
        due_on = due_on.replace(day=28)  # so that all its premiums fall on the same day
    past = rng.randrange(1, 5) * 12
    if months < 12:
        past += rng.randrange(12 // months) * months
    policy.effective_on = dates.add_months(due_on, -past)
    owe(policy, due_on)


def owe(policy: Policy, due_on: date) -> None:
    policy.next_due_on = due_on
    grace_ends_on = due_on + timedelta(days=GRACE_DAYS)
    policy.lapses_on = grace_ends_on + timedelta(days=1)
    policy.reinstate_by = premiums.reinstatement_end(grace_ends_on)


def settle_the_rest(policy: Policy, rng: Random, today: date) -> None:
    """Authorisation, status and premium as they go with the dates."""
    if policy.account:
        _authorise(policy, rng, today)
    due_on = policy.next_due_on
    if due_on is None:
        return
    since = (today - due_on).days
    if since > 0 and policy.premium > AT_MOST_UNPAID:
        policy.premium = Decimal(policy.premium // 50 * 10)
    if since > GRACE_DAYS + 30:
        policy.status = Policy.Status.LAPSED  # the insurer's book has said it meanwhile
    elif since < -30 and rng.random() < 0.03:
        _end(policy, rng, today)
    elif since < 0 and policy.effective_on:
        before = dates.add_months(due_on, -(policy.months_between or 12))
        if policy.effective_on < before and 0 < (today - before).days <= COLLECTED_DAYS:
            owe(policy, before)


def _authorise(policy: Policy, rng: Random, today: date) -> None:
    lot = rng.random()
    policy.authorisation = Policy.Authorisation.SIGNED
    if lot < 0.05:
        policy.authorisation = Policy.Authorisation.MISSING
    elif lot < 0.09:
        policy.authorisation = Policy.Authorisation.EXPIRED
        policy.authorised_until = today - timedelta(days=rng.randrange(5, 200))
    elif lot < 0.14:
        policy.authorised_until = today + timedelta(days=rng.randrange(5, 60))
    elif lot < 0.60:
        policy.authorised_until = today + timedelta(days=rng.randrange(300, 1800))


def _end(policy: Policy, rng: Random, today: date) -> None:
    """Surrendered, withdrawn, ended by a claim: nothing is due any more."""
    ends = (Policy.Status.SURRENDERED, Policy.Status.COOLED_OFF, Policy.Status.CLAIMED)
    policy.status = rng.choice(ends)
    sold_on = policy.effective_on or today
    policy.ended_on = min(sold_on + timedelta(days=rng.randrange(5, 300)), today)
    if policy.status == Policy.Status.COOLED_OFF:
        policy.ended_on = sold_on + timedelta(days=9)
    policy.next_due_on = policy.lapses_on = policy.reinstate_by = None


def instalments(policies: list[Policy], rng: Random, today: date) -> Iterator[Instalment]:
    """The open one, and those of the years before: paid, late, waived or advanced as a loan."""
    for policy in policies:
        months, due_on = policy.months_between, policy.next_due_on
        if not due_on or not months or not policy.effective_on:
            continue
        yield _instalment(policy, due_on)
        for n in range(1, KNOWN_PREMIUMS + 1):
            before = dates.add_months(due_on, -n * months)
            if before < policy.effective_on:
                break
            made = _instalment(policy, before)
            latest_on = min(today, dates.add_months(before, months)) - timedelta(days=1)
            _close(made, rng, latest_on) if n == 1 else _pay(made, rng, latest_on)
            yield made


def _instalment(policy: Policy, due_on: date) -> Instalment:
    ends_on = due_on + timedelta(days=GRACE_DAYS)
    return Instalment(policy=policy, due_on=due_on, grace_ends_on=ends_on, amount=policy.premium)


def _close(made: Instalment, rng: Random, latest_on: date) -> None:
    lot = rng.random()
    if lot < 0.03 and made.grace_ends_on <= latest_on:
        made.closed_as = Instalment.Closed.WAIVED if lot < 0.01 else Instalment.Closed.LOAN
        made.closed_on = made.due_on if lot < 0.01 else made.grace_ends_on
    else:
        _pay(made, rng, latest_on)


def _pay(made: Instalment, rng: Random, latest_on: date) -> None:
    """Mostly in the first days, sometimes late, now and then only to come back."""
    lot = rng.random()
    days = rng.randrange(4)
    if lot < 0.03 and made.amount <= AT_MOST_UNPAID:
        days = GRACE_DAYS + rng.randrange(10, 120)
    elif lot < 0.16:
        days = rng.randrange(8, GRACE_DAYS)
    if made.due_on == made.policy.effective_on:
        days = 0  # with it the contract began
    paid_on = made.due_on + timedelta(days=days)
    made.paid_on = paid_on if paid_on <= latest_on else max(made.due_on, latest_on)
    if made.paid_on > made.grace_ends_on:
        made.policy.reinstated_on = made.paid_on


class Story:
    """The last days, told day by day through the same verbs that people and files use."""

    def __init__(self, rng: Random, today: date, *, desk: User) -> None:
        self.rng, self.today, self.desk = rng, today, desk
        owed = Instalment.objects.owed().filter(due_on__lt=today).order_by("pk")
        found = list(owed.select_related("policy__holder__agent"))
        self.in_grace = [
            each for each in found if each.grace_ends_on > today and not self._is_fresh(each)
        ]
        self.lapsed = [each for each in found if each.grace_ends_on < today]
        rng.shuffle(self.in_grace)
        rng.shuffle(self.lapsed)
        few = max(len(self.in_grace) // 10, 1)
        lots = iter(self.in_grace)
        self.waiting, self.broken, self.kept, self.claims, self.old_claims = (
            [each for _n, each in zip(range(few), lots, strict=False)] for _lot in range(5)
        )
        self.answers = {each.policy_id: self._answer(each) for each in found}

    def _is_fresh(self, each: Instalment) -> bool:
        return self._days_since(each) <= COLLECTED_DAYS

    def _days_since(self, each: Instalment) -> int:
        return (self.today - each.due_on).days

    def _answer(self, each: Instalment) -> str:
        """What the bank says to the debit; nothing where the client pays at the door."""
        lot = self.rng.random()
        if self._is_fresh(each) and lot < 0.85:
            return COLLECTED
        if lot > 0.9 or (lot < 0.3 and not self._is_fresh(each)):
            return ""
        return self.rng.choices(list(FAILURES), list(FAILURES.values()))[0]

    def begin(self) -> None:
        """What was before the last days: signed forms, and applications to come back."""
        self._sign_forms()
        self._reinstate()

    def tell(self, day: date) -> None:
        back = (self.today - day).days
        if back in BANK_RUNS:
            self._post(day)
        if back == 6:
            self._promise(self.kept + self.broken, day, until=day + timedelta(days=4))
        if back == 4:
            for each in self.kept:
                premiums.record_payment(each, on=day, by=self.desk)
        if back == 8:
            self._claim(self.old_claims, day)
        if back == 2:
            self._promise(self.waiting, day, until=day + timedelta(days=5))
            self._claim(self.claims, day)
            self._put_aside()
        if back == 1:
            self._receive_parts(day)

    def _promise(self, those: list[Instalment], day: date, *, until: date) -> None:
        for each in those:
            if each.due_on <= day:
                promises.promise(each, on=day, until=until, by=_server(each))

    def _claim(self, those: list[Instalment], day: date) -> None:
        for each in those:
            if each.due_on <= day:
                promises.claim(each, on=day, by=_server(each))

    def _receive_parts(self, day: date) -> None:
        """Half of it comes before the day that was promised."""
        for each in self.waiting[::3]:
            promises.receive_part(each, amount=Decimal(each.amount // 2), on=day)

    def _put_aside(self) -> None:
        """The desk has looked at money that is none of ours."""
        for line in BankRow.objects.filter(state=BankRow.State.UNKNOWN).order_by("pk"):
            line.put_aside("不是我们的保单，已退回银行", by=self.desk)

    def _sign_forms(self) -> None:
        reasons = [UncollectedCase.Why.MONEY] * 5 + list(UncollectedCase.Why)
        late = [each for each in self.in_grace + self.lapsed if self._days_since(each) > 42]
        UncollectedCase.objects.bulk_create(
            UncollectedCase(
                policy_id=each.policy_id,
                instalment=each,
                reason=self.rng.choice(reasons),
                signed_on=min(each.due_on + timedelta(days=self.rng.randrange(40, 60)), self.today),
                by=_server(each),
            )
            for each in late[::2]
        )

    def _reinstate(self) -> None:
        """Applications in every state, a few days old."""
        recoverable = [each for each in self.lapsed if self._days_since(each) < 780]
        for each, path in zip(recoverable, PATHS * 2, strict=False):
            begun_on = max(self.today - timedelta(days=20), each.grace_ends_on + timedelta(days=1))
            by = _server(each)
            made = reinstatement.begin(each.policy, on=begun_on, by=by)
            papers = list(NEEDED) if path else list(NEEDED[: self.rng.randrange(len(NEEDED))])
            reinstatement.keep_papers(made, papers, by=by)
            for step, back in path:
                on = max(begun_on, self.today - timedelta(days=back))
                made = reinstatement.take(made, step, on=on, by=self.desk)

    def _post(self, day: date) -> None:
        """Take in the bank's return file of that day, as an import does."""
        layout = LAYOUTS["bank"]
        batch = ImportBatch.objects.create(
            insurer_id=Policy.objects.values_list("insurer_id", flat=True)[0],
            name=f"银行回盘 {day:%Y%m%d}.xlsx",
            kind=layout.code,
            state=ImportBatch.State.APPLYING,
            uploaded_by=self.desk,
        )
        rows = list(self._lines(day))
        order = Order(batch.insurer, by=self.desk, batch=batch.pk, today=day)
        report = Report(rows=len(rows))

        def finish(report: Report) -> None:
            batch.finish(
                ImportBatch.State.APPLIED,
                report=summary(report),
                total_rows=len(rows),
                done_rows=len(rows),
            )

        take_in(rows, order, report, layout=layout, finish=finish)

    def _lines(self, day: date) -> Iterator[ParsedRow]:
        due = Instalment.objects.owed().filter(
            due_on__lte=day, grace_ends_on__gte=day,
            policy__authorisation=Policy.Authorisation.SIGNED,
        )  # fmt: skip
        n = 1
        for each in due.select_related("policy__holder").order_by("pk"):
            words = self.answers.get(each.policy_id, COLLECTED)
            if words:
                n += 1
                yield _line(n, day, each.policy, each.amount, words)
        for each in self.lapsed[:2]:  # money that comes too late waits for a person
            n += 1
            yield _line(n, day, each.policy, each.amount, COLLECTED)
        for number in range(2):
            yield _line(
                n + 1 + number, day, f"P3399{day:%Y%m%d}{number:04d}", Decimal(3200), COLLECTED
            )


# Steps of an application, each with how many days ago it was taken.
PATHS: list[tuple[tuple[str, int], ...]] = [
    (),
    (("send", 6),),
    (("send", 12), ("ask_medical", 5)),
    (("send", 15), ("ask_medical", 9), ("did_medical", 4)),
    (("send", 14), ("accept", 3)),
    (("send", 16), ("accept", 9), ("pay", 5)),
    (("send", 18), ("refuse", 7)),
    (("give_up", 4),),
]


def _server(each: Instalment) -> User:
    agent = each.policy.holder.agent
    assert agent is not None
    return agent


def _line(n: int, day: date, whose: Policy | str, amount: Decimal, words: str) -> ParsedRow:
    """A line about a policy, or about a number that nobody knows."""
    layout = LAYOUTS["bank"]
    answer = debits.answer(words)
    said = {
        "reference": whose.policy_no if isinstance(whose, Policy) else whose,
        "amount": amount,
        "words": words,
        "returned_on": day,
        "account_name": whose.holder.name if isinstance(whose, Policy) else "",
        "account_end": whose.account[-4:] if isinstance(whose, Policy) else "0000",
        "ok": answer.ok if answer else False,
        "failure": answer.failure if answer else "other",
    }
    values = (
        said.get(name, empty) for name, empty in zip(layout.fields, layout.empty, strict=True)
    )
    return ParsedRow(n, tuple(values), kind=layout.code)

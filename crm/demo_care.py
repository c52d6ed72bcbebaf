"""What the demo branch's clients have heard from it so far: some often, some not for a year."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from django.utils import timezone

from clients.models import Client, Consent, Contact

KNOWN_FOR = timedelta(days=1500)
LATELY = range(12, 170)
SILENT = (181, 190, 205, 222, 239, 266, 300, 340, 366, 380, 401, 424, 480, 560, 700)
NOTES = (
    "聊了孩子上学的事，约了下次再谈。",
    "问候近况，一切都好。",
    "送去保单，讲了一遍保障内容。",
    "问起养老，想多了解一些。",
    "",
    "",
)
REVIEWED = "把保单从头到尾过了一遍。"
LEFT = ("half-asleep", "dormant")  # the calls that nobody finds time for
SAID = "电话里说的"


def tell(rng: Random, people: list[Client], today: date) -> None:
    """Write down contacts of the past, reviews among them."""
    Client.objects.update(created_at=timezone.now() - KNOWN_FOR)
    Contact.objects.bulk_create(
        [contact for n, client in enumerate(people) for contact in _past(rng, n, client, today)],
        batch_size=2000,
    )


def say_no(rng: Random, people: list[Client], today: date) -> None:
    """What some do not want, known since the last of the work shown here."""
    Consent.objects.bulk_create(
        [word for n, client in enumerate(people) for word in _words(rng, n, client, today)]
    )


def _past(rng: Random, n: int, client: Client, today: date) -> Iterator[Contact]:
    """Of five clients one has been silent for long; a third had their policies gone through."""
    last = rng.choice(SILENT) if n % 5 == 2 else rng.choice(LATELY)
    for k in range(rng.randrange(1, 5)):
        on = today - timedelta(days=last + k * rng.randrange(25, 90))
        reviewed = n % 3 == 0 and k == 0
        yield Contact(
            client=client,
            by=client.agent,
            on=on,
            channel=rng.choice(("call", "call", "visit", "wechat")),
            note=REVIEWED if reviewed else rng.choice(NOTES),
            reviewed=reviewed,
        )


def _words(rng: Random, n: int, client: Client, today: date) -> Iterator[Consent]:
    refused = {11: ("call",), 17: ("wechat",), 23: ("call", "wechat", "visit")}.get(n % 29, ())
    for channel in refused:
        on = today - timedelta(days=rng.randrange(30, 300))
        said = {"state": Consent.State.REFUSED, "on": on, "evidence": SAID, "by": client.agent}
        yield Consent(client=client, channel=channel, **said)

"""The office's own words for an occasion, by class and channel. Each change is a new version."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User
from clients.models import Client, Contact
from followups import placeholders
from followups.festivals import Festival
from lib.remembered import remembered

Channel = Contact.Channel
SPOKEN = (Channel.WECHAT, Channel.CALL, Channel.VISIT)
GREETED = (Channel.WECHAT, Channel.CALL, Channel.CARD, Channel.LETTER, Channel.GIFT)


@dataclass(frozen=True)
class Occasion:
    """What a text is about, and which blanks mean something in it."""

    code: str
    label: str | Promise
    allowed: Collection[str] = placeholders.ABOUT_PEOPLE
    channels: Sequence[Contact.Channel] = SPOKEN


WRITING = 0x54455854
FESTIVAL = "festival"
BIRTHDAY = "birthday"
# A further kind of greeting is one line here. Every text of followups/scripts.py is one anyway.
OCCASIONS = {
    one.code: one
    for one in (
        Occasion(FESTIVAL, _("Festival"), placeholders.GREETING, GREETED),
        Occasion(BIRTHDAY, _("Birthday"), channels=(*GREETED, Channel.VISIT)),
    )
}


class TextQuerySet(models.QuerySet["Text"]):
    def in_force(self) -> "TextQuerySet":
        return self.filter(replaced_at=None)

    def about(self, occasion: str, festival: Festival | None = None) -> "TextQuerySet":
        return self.filter(occasion=occasion, festival=festival)


class Text(models.Model):
    """One version of what is said on an occasion; the one nobody has replaced is in force.

    An empty class or channel is for all of them. Empty words take the text back.
    """

    occasion = models.CharField(max_length=24)
    festival = models.ForeignKey(Festival, models.CASCADE, null=True, related_name="texts")
    client_class = models.CharField(
        _("class"), max_length=8, choices=Client.Class, blank=True, default=""
    )
    channel = models.CharField(
        _("channel"), max_length=6, choices=Contact.Channel, blank=True, default=""
    )
    words = models.TextField(_("text"), max_length=600, blank=True)
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    replaced_at = models.DateTimeField(null=True)

    objects = TextQuerySet.as_manager()

    class Meta:
        verbose_name = _("text")
        verbose_name_plural = _("texts")
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=["occasion", "festival", "client_class", "channel"],
                condition=Q(replaced_at=None),
                nulls_distinct=False,
                name="one_text_in_force_per_occasion",
            ),
        )

    def __str__(self) -> str:
        return f"{self.occasion} {self.client_class} {self.channel}"

    @property
    def same_place(self) -> Q:
        return Q(
            occasion=self.occasion,
            festival=self.festival,
            client_class=self.client_class,
            channel=self.channel,
        )

    @transaction.atomic
    def put_in_force(self, by: User) -> None:
        """Replace what was said until now; the older version stays to be read."""
        self.by, self.pk = by, None
        with connection.cursor() as cursor:  # of two who write at once the later one replaces
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITING])
        before = Text.objects.in_force().filter(self.same_place)
        if not self.words and not before.exists():
            return
        before.update(replaced_at=timezone.now())
        self.save(force_insert=True)
        AuditEntry.record(by, AuditEntry.Action.UPDATE, self, occasion=self.occasion)


def chosen(texts: Iterable[Text], client_class: str, channel: str) -> str:
    """The words of the closest text: of the class and channel, of the class, of the channel, of all."""
    fitting = [
        text
        for text in texts
        if text.words and text.client_class in {"", client_class} and text.channel in {"", channel}
    ]
    closest = max(fitting, key=lambda text: (text.client_class, text.channel), default=None)
    return closest.words if closest else ""


@remembered
def office_words() -> list[Text]:
    """All that the office says in its own words, but for festivals."""
    return list(Text.objects.in_force().filter(festival=None))

"""Two records that may be one person: found in a few statements, shown with what speaks for it."""

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User
from accounts.scope import agents_seen_by
from clients.models import Client

SHARED_BY = 4  # a number that more people have is an office's, or the agent's own

WORDS: dict[str, str | Promise] = {
    "name": _("Same name"),
    "sound": _("Names sound the same"),
    "name_typo": _("Names differ in one character"),
    "birth": _("Same birth date"),
    "birth_typo": _("Birth dates differ in one digit"),
    "mobile": _("Same mobile"),
    "mobile_typo": _("Mobiles differ in one digit"),
    "address": _("Same address"),
    "births": _("Birth dates differ"),
    "ids": _("ID numbers differ"),
    "hand": _("Chosen by hand"),
}
AGAINST = frozenset(("births", "ids"))

# Pairs worth a look share one of these; each is one join over equal values. Of a text in which one
# place differs, one half is the same.
_PAIRS = """
CREATE OR REPLACE FUNCTION pg_temp.duplicate_differs(a text, b text) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT count(*) FROM generate_series(1, length(a)) AS i WHERE substr(a, i, 1) <> substr(b, i, 1) $$;
CREATE TEMP TABLE duplicate_person ON COMMIT DROP AS
WITH people AS (
    SELECT *, right(regexp_replace(mobile, '\\D', '', 'g'), 11) AS number FROM clients_client
), of_many AS (SELECT number FROM people GROUP BY number HAVING count(*) > %(shared)s)
SELECT id, name, pinyin, birth_on, id_index, address, to_char(birth_on, 'YYYYMMDD') AS born,
    CASE WHEN number IN (TABLE of_many) THEN '' ELSE number END AS mobile
FROM people;
ANALYZE duplicate_person;
CREATE TEMP TABLE duplicate_pair ON COMMIT DROP AS
WITH p AS (SELECT * FROM duplicate_person)
SELECT a.id AS one, b.id AS other FROM p a JOIN p b USING (name, birth_on) WHERE a.id < b.id
UNION SELECT a.id, b.id FROM p a JOIN p b USING (mobile) WHERE a.id < b.id AND mobile <> ''
UNION SELECT a.id, b.id FROM p a JOIN p b USING (pinyin, birth_on) WHERE a.id < b.id AND pinyin <> ''
UNION SELECT a.id, b.id FROM p a JOIN p b ON a.name = b.name AND left(a.mobile, 6) = left(b.mobile, 6)
    WHERE a.id < b.id AND length(a.mobile) = 11 AND length(b.mobile) = 11
UNION SELECT a.id, b.id FROM p a JOIN p b ON a.name = b.name AND right(a.mobile, 5) = right(b.mobile, 5)
    WHERE a.id < b.id AND length(a.mobile) = 11 AND length(b.mobile) = 11
UNION SELECT a.id, b.id FROM p a JOIN p b USING (name, address) WHERE a.id < b.id AND address <> '';
"""
_WEIGHED = """
WITH seen AS (
    SELECT one, other, a.name = b.name AS name,
        a.name <> b.name AND a.pinyin <> '' AND a.pinyin = b.pinyin AS sound,
        a.name <> b.name AND length(a.name) = length(b.name) AND length(a.name) > 1
            AND pg_temp.duplicate_differs(a.name, b.name) = 1 AS name_typo,
        COALESCE(a.birth_on = b.birth_on, false) AS birth,
        COALESCE(pg_temp.duplicate_differs(a.born, b.born) = 1, false) AS birth_typo,
        a.mobile <> '' AND a.mobile = b.mobile AS mobile,
        length(a.mobile) = 11 AND length(b.mobile) = 11
            AND pg_temp.duplicate_differs(a.mobile, b.mobile) = 1 AS mobile_typo,
        a.address <> '' AND a.address = b.address AS address,
        COALESCE(a.birth_on <> b.birth_on, false) AS births,
        COALESCE(a.id_index <> b.id_index, false) AS ids
    FROM duplicate_pair
    JOIN duplicate_person a ON a.id = one JOIN duplicate_person b ON b.id = other
), weighed AS (
    SELECT *, births AND NOT birth_typo AS apart,
        3 * (name OR birth)::int + 3 * (name AND birth)::int + 3 * mobile::int + 2 * sound::int
        + name_typo::int + 2 * mobile_typo::int + birth_typo::int + address::int
        - 2 * ids::int - 2 * (births AND NOT birth_typo)::int AS score
    FROM seen
)
INSERT INTO clients_duplicate (one_id, other_id, why, score, found_at)
SELECT one, other, array_remove(ARRAY[
        CASE WHEN name THEN 'name' END, CASE WHEN sound THEN 'sound' END,
        CASE WHEN name_typo AND NOT sound THEN 'name_typo' END,
        CASE WHEN birth THEN 'birth' END, CASE WHEN birth_typo THEN 'birth_typo' END,
        CASE WHEN mobile THEN 'mobile' END, CASE WHEN mobile_typo THEN 'mobile_typo' END,
        CASE WHEN address THEN 'address' END, CASE WHEN apart THEN 'births' END,
        CASE WHEN ids THEN 'ids' END], NULL), score, %(at)s
FROM weighed
WHERE (mobile AND (name OR sound OR name_typo OR birth) AND NOT (apart AND ids))
   OR (NOT ids AND ((birth AND (name OR sound))
                    OR (name AND NOT apart AND mobile_typo)
                    OR (name AND address AND (birth_typo OR NOT births))))
ON CONFLICT (one_id, other_id) DO UPDATE
    SET why = excluded.why, score = excluded.score, found_at = excluded.found_at
"""
_GONE = "DELETE FROM clients_duplicate WHERE different_at IS NULL AND found_at < %(at)s"


class DuplicateQuerySet(models.QuerySet["Duplicate"]):
    def open(self) -> Self:
        """Nobody has said that they are two people."""
        return self.filter(different_at=None)

    def visible_to(self, user: User) -> Self:
        """Pairs both of whom the user sees; agents merge nobody."""
        if user.administers:
            return self
        if not user.leads:
            return self.none()
        seen = agents_seen_by(user).values("pk")
        return self.filter(one__agent__in=seen, other__agent__in=seen)


class Duplicate(models.Model):
    """Two records that look like one person, or of which somebody has said that they are two."""

    one = models.ForeignKey(Client, models.CASCADE, related_name="+", db_index=False)
    other = models.ForeignKey(Client, models.CASCADE, related_name="+")
    why = ArrayField(models.CharField(max_length=11))
    score = models.SmallIntegerField()
    found_at = models.DateTimeField()
    different_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False
    )
    different_at = models.DateTimeField(null=True)

    BY_MACHINE: ClassVar[Q] = Q(pk__isnull=False)  # an import that is undone asks

    objects = DuplicateQuerySet.as_manager()

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")
        ordering = ("-score", "pk")
        constraints = (
            models.UniqueConstraint(fields=["one", "other"], name="two_records_are_one_pair"),
        )

    def __str__(self) -> str:
        return f"{self.one_id} = {self.other_id}?"

    @classmethod
    def by_hand(cls, one: Client, other: Client) -> "Duplicate":
        """The pair of the two; of one that nothing speaks for, the next search forgets it again."""
        first, second = sorted((one.pk, other.pk))
        chosen = {"why": ["hand"], "score": 0, "found_at": timezone.now()}
        return cls.objects.get_or_create(one_id=first, other_id=second, defaults=chosen)[0]

    @property
    def evidence(self) -> list[tuple[str | Promise, bool]]:
        """What was found in words, and whether it speaks for one person."""
        return [(WORDS[code], code not in AGAINST) for code in self.why if code in WORDS]

    @transaction.atomic
    def say_different(self, by: User) -> None:
        """They are two people: remembered, and not asked again."""
        self.different_by, self.different_at = by, timezone.now()
        self.save(update_fields=["different_by", "different_at"])
        AuditEntry.record(
            by, AuditEntry.Action.UPDATE, self, different=[self.one_id, self.other_id]
        )

    @transaction.atomic
    def ask_again(self, by: User) -> None:
        self.different_by, self.different_at = None, None
        self.save(update_fields=["different_by", "different_at"])
        AuditEntry.record(by, AuditEntry.Action.UPDATE, self, different=None)


@transaction.atomic
def find() -> int:
    """Look over everybody; return how many pairs wait for somebody."""
    at = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("DROP TABLE IF EXISTS pg_temp.duplicate_pair, pg_temp.duplicate_person")
        cursor.execute(_PAIRS, {"shared": SHARED_BY})
        cursor.execute(_WEIGHED, {"at": at})
        cursor.execute(_GONE, {"at": at})
    return Duplicate.objects.open().count()

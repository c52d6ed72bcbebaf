"""Who works here: teams as a tree of any depth, and the people in them."""

import hashlib
import secrets
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import connection, models, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr
from django.utils.translation import gettext_lazy as _


class Team(models.Model):
    """A branch, department or group. `path` lists the ids from the root down: "/1/4/9/"."""

    class Kind(models.TextChoices):
        BRANCH = "branch", _("Branch")
        DEPARTMENT = "department", _("Department")
        GROUP = "group", _("Group")

    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.GROUP)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("parent team"),
    )
    path = models.CharField(max_length=200, editable=False, default="")
    address = models.CharField(
        _("address of the office"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("From here the way to the first visit is guessed; empty: the parent team's."),
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ("path",)
        indexes = (
            models.Index(fields=["path"], name="team_path", opclasses=["varchar_pattern_ops"]),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["parent", "name"], name="one_team_of_a_name_under_a_parent"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and carry the whole subtree along when the team moved."""
        super().save(*args, **kwargs)
        path = f"{self.parent.path if self.parent else '/'}{self.pk}/"
        if path == self.path:
            return
        if self.path:
            below = Team.objects.filter(path__startswith=self.path)
            below.update(path=Concat(Value(path), Substr(F("path"), len(self.path) + 1)))
        else:
            Team.objects.filter(pk=self.pk).update(path=path)
        self.path = path

    def subtree(self) -> models.QuerySet["Team"]:
        return Team.objects.filter(path__startswith=self.path)


class Role(models.TextChoices):
    AGENT = "agent", _("Agent")
    SUPERVISOR = "supervisor", _("Supervisor")
    MANAGER = "manager", _("Manager")
    ADMINISTRATOR = "administrator", _("Administrator")
    AUDITOR = "auditor", _("Auditor")


class UserManager(BaseUserManager["User"]):
    def create_user(self, staff_no: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(staff_no=staff_no, **fields)
        user.set_password(password)  # None makes an account without a login
        user.save()
        return user

    def create_superuser(self, staff_no: str, password: str | None = None, **fields: Any) -> "User":
        fields = {"role": Role.ADMINISTRATOR, "name": staff_no} | fields
        return self.create_user(staff_no, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(staff_no=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who works here: an agent, someone who leads, the back office, or an auditor."""

    staff_no = models.CharField(_("staff number"), max_length=30, unique=True)
    mobile = models.CharField(_("mobile"), max_length=20, unique=True, null=True, blank=True)
    name = models.CharField(_("name"), max_length=60)
    role = models.CharField(_("role"), max_length=13, choices=Role, default=Role.AGENT)
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="members", verbose_name=_("team")
    )
    language = models.CharField(_("language"), max_length=10, blank=True, default="")
    theme = models.CharField(_("theme"), max_length=6, default="system")
    single_keys = models.BooleanField(_("single-key shortcuts"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("may open the settings site"), default=False)
    joined_on = models.DateField(_("joined on"), null=True, blank=True)
    birth_on = models.DateField(_("birthday"), null=True, blank=True)
    starts_from = models.CharField(max_length=200, blank=True, default="", editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "staff_no"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("staff_no",)

    def __str__(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @property
    def serves(self) -> bool:
        return self.role == Role.AGENT

    @property
    def office_address(self) -> str:
        """Of the nearest team above that has one."""
        above = self.team.path.strip("/").split("/") if self.team else []
        known = Team.objects.filter(pk__in=above).exclude(address="").order_by("-path")
        return known.values_list("address", flat=True).first() or ""

    @property
    def leads(self) -> bool:
        return self.role in {Role.SUPERVISOR, Role.MANAGER}

    @property
    def administers(self) -> bool:
        return self.role == Role.ADMINISTRATOR

    @property
    def oversees(self) -> bool:
        """Whether the work of others is theirs to look after."""
        return self.leads or self.administers

    @property
    def audits(self) -> bool:
        return self.role == Role.AUDITOR


class AuditEntry(models.Model):
    """Who did what to whom, when and why; the database refuses to change or delete a row."""

    class Action(models.TextChoices):
        REVEAL = "reveal", _("Showed a personal number")
        EXPORT = "export", _("Exported a list")
        IMPORT = "import", _("Imported a book")
        LOGIN = "login", _("Logged in")
        CREATE = "create", _("Created")
        UPDATE = "update", _("Changed")
        PAYMENT = "payment", _("Recorded a payment")
        UNDO = "undo", _("Undid an import")
        MERGE = "merge", _("Merged clients")

    at = models.DateTimeField(_("at"), auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="deeds", verbose_name=_("who")
    )
    action = models.CharField(_("what"), max_length=10, choices=Action)
    subject = models.CharField(_("whom"), max_length=80)  # "client 812": never a name or a number
    detail = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.subject}"

    @classmethod
    def record(
        cls, actor: User | None, action: "AuditEntry.Action", subject: object, **detail: object
    ) -> "AuditEntry":
        """Write one entry in the caller's transaction: if it cannot be recorded, the deed is undone."""
        name = subject if isinstance(subject, str) else _named(subject)
        return cls.objects.create(actor=actor, action=action, subject=name, detail=detail)


def _named(subject: object) -> str:
    if isinstance(subject, models.Model):
        return f"{subject._meta.model_name} {subject.pk}"
    if isinstance(subject, Iterable):
        return f"{len(list(subject))} rows"
    return str(subject)[:80]


class CalendarFeed(models.Model):
    """A secret address under which somebody's calendar reads the list; only its digest is kept."""

    user = models.OneToOneField(User, models.CASCADE, related_name="calendar_feed")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.user}"

    @classmethod
    @transaction.atomic
    def make(cls, user: User) -> str:
        """Make an address, or a new one in place of the old; its secret is told only here."""
        secret = secrets.token_urlsafe(32)
        _feed, is_new = cls.objects.update_or_create(
            user=user, defaults={"digest": digest_of(secret)}
        )
        AuditEntry.record(
            user, AuditEntry.Action.UPDATE, user, calendar_feed="made" if is_new else "renewed"
        )
        return secret

    @classmethod
    @transaction.atomic
    def revoke(cls, user: User) -> None:
        gone, _rows = cls.objects.filter(user=user).delete()
        if gone:
            AuditEntry.record(user, AuditEntry.Action.UPDATE, user, calendar_feed="revoked")

    @classmethod
    def reader(cls, secret: str) -> User | None:
        """Whose list the secret opens; nobody's when it was revoked or its owner left."""
        found = User.objects.filter(is_active=True, calendar_feed__digest=digest_of(secret))
        return found.select_related("team").first()


def digest_of(secret: str) -> str:
    """256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


class SentForm(models.Model):
    """The key of a form that was acted upon, so that a form sent twice acts once."""

    user = models.ForeignKey(User, models.CASCADE, db_index=False, related_name="+")
    key = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["user", "key"], name="one_deed_per_form_of_a_user"),
        )

    @classmethod
    def first_time(cls, user: User, key: str) -> bool:
        """Say whether this form is new; call inside the transaction of the deed."""
        if not key:
            return True
        with connection.cursor() as cursor:
            # A second sender waits here for the first one's commit, then inserts nothing.
            cursor.execute(
                "INSERT INTO accounts_sentform (user_id, key, at) VALUES (%s, %s, now()) "
                "ON CONFLICT DO NOTHING",
                [user.pk, key[:64]],
            )
            return int(cursor.rowcount) == 1


# Models of this app that live beside their verbs; Django reads them here.
from accounts.exports import ExportRequest  # noqa: E402
from accounts.failed_logins import FailedLogin  # noqa: E402

__all__ = [
    "AuditEntry",
    "CalendarFeed",
    "ExportRequest",
    "FailedLogin",
    "Role",
    "SentForm",
    "Team",
    "User",
    "UserManager",
    "digest_of",
]

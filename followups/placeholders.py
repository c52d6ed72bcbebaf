"""The blanks in what the office writes to clients: a closed list, filled by substitution in one pass.

Nothing of a text is ever evaluated. What is filled in is not looked at again, so a name that looks
like a placeholder stays a name.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from accounts.models import User
from clients.models import Client
from lib import names


@dataclass(frozen=True)
class Placeholder:
    """A blank; in texts it is written with either of its names: {name} or {称呼}."""

    code: str
    zh: str
    label: str | Promise

    @property
    def written(self) -> str:
        """As the reader would write it: 称呼 in braces for who reads Chinese."""
        return f"{{{self.zh if (get_language() or '').startswith('zh') else self.code}}}"


PLACEHOLDERS = (
    Placeholder("name", "称呼", gettext_lazy("How the client is addressed")),
    Placeholder("full_name", "姓名", gettext_lazy("Full name of the client")),
    Placeholder("title", "性别称谓", gettext_lazy("Mr or Ms")),
    Placeholder("agent", "客户经理", gettext_lazy("Name of the agent")),
    Placeholder("agent_phone", "电话", gettext_lazy("Phone of the agent")),
    Placeholder("festival", "节日", gettext_lazy("The festival")),
    Placeholder("date", "日期", gettext_lazy("The day it is about")),
    Placeholder("product", "产品", gettext_lazy("The product")),
    Placeholder("amount", "金额", gettext_lazy("The premium")),
    Placeholder("due", "应缴日", gettext_lazy("Due date")),
    Placeholder("grace_end", "宽限期满日", gettext_lazy("Last day of grace")),
    Placeholder("promised", "约定日", gettext_lazy("The promised day")),
    Placeholder("reinstate", "复效截止日", gettext_lazy("Last day to reinstate")),
    Placeholder("who", "家人", gettext_lazy("Whom of the family it is about")),
    Placeholder("occasion", "纪念日", gettext_lazy("The day of their profession")),
)
BY_NAME = {name: one for one in PLACEHOLDERS for name in (one.code, one.zh)}

# Those that mean something whatever the text is about, and those of a greeting.
ABOUT_PEOPLE = frozenset({"name", "full_name", "title", "agent", "agent_phone", "date"})
GREETING = ABOUT_PEOPLE | {"festival"}
EVERY = frozenset(one.code for one in PLACEHOLDERS)

IN_BRACES = re.compile(r"\{([^{}]*)\}")
WIDE_BRACES = str.maketrans("｛｝", "{}")  # what a Chinese keyboard types


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values, by code, into the text; what is in braces and has no value stays as it is."""

    def value(found: re.Match[str]) -> str:
        known = BY_NAME.get(found[1].strip())
        return values.get(known.code, found[0]) if known else found[0]

    return IN_BRACES.sub(value, text)


def checked(text: str, allowed: Collection[str] = EVERY) -> str:
    """The text as it is to be kept. Raises ValidationError that names what is not known."""
    text = text.translate(WIDE_BRACES)
    unknown = [name for name in IN_BRACES.findall(text) if not _is_allowed(name, allowed)]
    if unknown:
        raise ValidationError(_not_known(unknown, allowed), code="unknown_placeholder")
    if re.search(r"[{}]", IN_BRACES.sub("", text)):
        raise ValidationError(
            _("A brace stands alone. A placeholder is written like %(one)s.")
            % {"one": PLACEHOLDERS[0].written},
            code="lone_brace",
        )
    return text


def _is_allowed(name: str, allowed: Collection[str]) -> bool:
    known = BY_NAME.get(name.strip())
    return known is not None and known.code in allowed


def _not_known(unknown: Iterable[str], allowed: Collection[str]) -> str:
    named = ", ".join(f"{{{name[:40]}}}" for name in dict.fromkeys(unknown))
    known = " ".join(one.written for one in among(allowed))
    return _("%(unknown)s cannot be filled in here. What can: %(known)s") % {
        "unknown": named,
        "known": known,
    }


def among(allowed: Collection[str]) -> list[Placeholder]:
    return [one for one in PLACEHOLDERS if one.code in allowed]


def about_people(client: Client, speaker: User) -> dict[str, str]:
    """What is filled in about whom it goes to and whom it comes from."""
    return {
        "name": salutation(client),
        "full_name": client.name,
        "title": title_of(client),
        "agent": speaker.name,
        "agent_phone": speaker.mobile or "",
    }


def title_of(client: Client) -> str:
    if not client.gender:
        return ""
    female = client.gender == Client.Gender.FEMALE
    return pgettext("address", "Ms") if female else pgettext("address", "Mr")


def salutation(client: Client) -> str:
    """陈先生 where surname and gender are known; otherwise the name as it is."""
    surname = names.surname(client.name)
    if client.gender and surname and (get_language() or "").startswith("zh"):
        return f"{surname}{title_of(client)}"
    return client.name

"""What the office writes is filled by substitution and nothing else, whatever stands in it."""

import string
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from followups.placeholders import (
    ABOUT_PEOPLE,
    BY_NAME,
    EVERY,
    GREETING,
    PLACEHOLDERS,
    about_people,
    checked,
    fill,
)

VALUES = {one.code: f"<{one.code}>" for one in PLACEHOLDERS}

# Each would run, or tell a secret, in some template language or formatter.
HOSTILE = [
    "{c.save.__func__.__globals__[settings].SECRET_KEY}",
    "{name.__class__}",
    "{name!r}",
    "{name:>9999999999}",
    "{0}",
    "{}",
    "{{ client.password }}",
    "{{name}} {% include '/etc/passwd' %}",
    "{% load static %}",
    "${jndi:ldap://x}",
    "#{7*7}",
    "<%= {agent.password} %>",
    "{name",
    "name}",
    "{{name}",
    "{na{me}}",
    "{工资}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_placeholder_is_refused_at_save(text: str) -> None:
    with pytest.raises(ValidationError):
        checked(text)


@pytest.mark.parametrize("text", [*HOSTILE, "%(name)s", "$name ${name!r}", "%s %n"])
def test_and_would_do_nothing_if_it_were_there(text: str) -> None:
    filled = fill(text, {"name": "陈先生"})
    assert filled in {text, text.replace("{name}", "陈先生"), text.replace("{name!r}", "{name!r}")}


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_each_is_known_by_both_its_names(name: str) -> None:
    text = f"a {{{name}}} b {{ {name} }} c"
    value = VALUES[BY_NAME[name].code]
    assert checked(text) == text
    assert fill(text, VALUES) == f"a {value} b {value} c"


def test_a_chinese_keyboard_types_wide_braces() -> None:
    assert checked("｛称呼｝您好") == "{称呼}您好"


def test_the_refusal_names_what_is_unknown_and_what_is_known() -> None:
    with translation.override("en"), pytest.raises(ValidationError) as refused:
        checked("{wife} and {name} and {wife}", {"name", "agent"})
    assert refused.value.messages == ["{wife} cannot be filled in here. What can: {name} {agent}"]
    with translation.override("zh-hans"), pytest.raises(ValidationError) as refused:
        checked("{妻子}", {"name", "agent"})
    assert "{称呼} {客户经理}" in refused.value.messages[0]


def test_what_has_no_meaning_in_a_greeting_is_refused_in_it() -> None:
    assert checked("{amount}") == "{amount}"
    with pytest.raises(ValidationError):
        checked("{amount}", GREETING)
    assert ABOUT_PEOPLE < GREETING < EVERY


def test_a_name_that_looks_like_a_placeholder_stays_a_name() -> None:
    values = VALUES | {"name": "{agent}{{agent}}%s\\1"}
    assert fill("{name}，{agent}", values) == "{agent}{{agent}}%s\\1，<agent>"


def test_what_has_no_value_stays_as_it_is() -> None:
    assert fill("{name} {amount} {x}", {"name": "陈"}) == "陈 {amount} {x}"


_pieces = st.one_of(
    st.sampled_from([f"{{{name}}}" for name in BY_NAME]),
    st.text(alphabet=string.punctuation + "a称 \n", max_size=8),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(_pieces, max_size=12).map("".join))
def test_whatever_is_kept_is_filled_without_remainder(text: str) -> None:
    try:
        kept = checked(text)
    except ValidationError:
        return
    filled = fill(kept, dict.fromkeys(VALUES, "*"))
    assert "{" not in filled
    assert "}" not in filled


@pytest.mark.django_db
def test_who_is_greeted_and_by_whom(make_client: Any, alice: Any) -> None:
    alice.mobile = "13900000001"
    with translation.override("zh-hans"):
        found = about_people(make_client(name="欧阳志远", gender="m"), alice)
        unknown = about_people(make_client(name="Anna", gender=""), alice)
    assert found == {
        "name": "欧阳先生",
        "full_name": "欧阳志远",
        "title": "先生",
        "agent": "林晓芸",
        "agent_phone": "13900000001",
    }
    assert (unknown["name"], unknown["title"]) == ("Anna", "")

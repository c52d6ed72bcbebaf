"""Every word the product says is there in Chinese, and the compiled catalogue says the same."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation

from accounts.models import AuditEntry, Role, Team
from clients.models import Client, Contact
from followups.models import FollowUp, ServiceItem, ServicePlan
from followups.rulebook import RULEBOOK, label_of
from policies.batches import ImportBatch
from policies.models import Policy, Product

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "locale/zh_Hans/LC_MESSAGES/django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|\{\w*\}")
HAN = re.compile(r"[\u4e00-\u9fff]")
QUOTED = re.compile(r'^(?:(msgctxt|msgid|msgid_plural|msgstr|msgstr\[0\]) )?"(.*)"$')
ESCAPES = {r"\n": "\n", r"\t": "\t", r"\"": '"', r"\\": "\\"}
NO_SOURCES = shutil.ignore_patterns("tests", "var", "static", "docs", "locale", "__pycache__", ".*")
CHOICES = [
    AuditEntry.Action,
    Client.Calendar,
    Client.Class,
    Client.Gender,
    Contact.Channel,
    Contact.Outcome,
    FollowUp.Reason,
    FollowUp.Status,
    ImportBatch.State,
    Policy.Mode,
    Policy.Status,
    Product.Kind,
    Role,
    ServiceItem,
    ServicePlan.Level,
    Team.Kind,
]


@dataclass(frozen=True)
class Entry:
    context: str
    english: str
    plural: str
    chinese: str
    fuzzy: bool

    @property
    def key(self) -> str:
        """As gettext keeps it."""
        return f"{self.context}\x04{self.english}" if self.context else self.english


def read(path: Path) -> list[Entry]:
    """The entries of a catalogue, its header apart."""
    return [entry for block in path.read_text().split("\n\n") if (entry := _entry(block))]


def _entry(block: str) -> Entry | None:
    said: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        if found := QUOTED.match(line):
            name = found[1] or name
            text = re.sub(r"\\.", lambda match: ESCAPES[match[0]], found[2])
            said[name] = said.get(name, "") + text
    if not said.get("msgid"):
        return None
    return Entry(
        said.get("msgctxt", ""),
        said["msgid"],
        said.get("msgid_plural", ""),
        said.get("msgstr", said.get("msgstr[0]", "")),
        bool(re.search(r"^#,.*\bfuzzy\b", block, re.MULTILINE)),
    )


ENTRIES = read(CATALOGUE)


def test_every_word_of_the_sources_has_its_chinese(tmp_path: Path):
    if not (shutil.which("xgettext") and shutil.which("msguniq")):
        pytest.skip("gettext is not installed here")
    tree = shutil.copytree(ROOT, tmp_path / "tree", ignore=_only_sources)
    (tree / "locale").mkdir()
    plain = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "-l", "zh_Hans", "--no-location"],
        cwd=tree,
        env=plain,
        check=True,
        capture_output=True,
        timeout=120,
    )
    said = {entry.key for entry in ENTRIES if entry.chinese and not entry.fuzzy}
    wanted = {entry.key for entry in read(tree / CATALOGUE.relative_to(ROOT))}
    assert len(wanted) > 500
    assert sorted(wanted - said) == []


def _only_sources(folder: str, names: list[str]) -> set[str]:
    other = {
        name
        for name in names
        if (Path(folder) / name).is_file() and not name.endswith((".py", ".html", ".txt"))
    }
    return other | NO_SOURCES(folder, names)


def test_nothing_is_left_open():
    text = CATALOGUE.read_text()
    assert [entry.key for entry in ENTRIES if entry.fuzzy or not entry.chinese] == []
    assert "\n#~" not in text
    assert "fuzzy" not in text.split("\n\n", 1)[0]
    assert '"Language: zh_Hans\\n"' in text
    assert '"Plural-Forms: nplurals=1; plural=0;\\n"' in text
    assert len({entry.key for entry in ENTRIES}) == len(ENTRIES)


def test_placeholders_are_the_same_in_both():
    differing = [
        (entry.english, entry.chinese)
        for entry in ENTRIES
        if Counter(PLACEHOLDER.findall(entry.plural or entry.english))
        != Counter(PLACEHOLDER.findall(entry.chinese))
    ]
    assert differing == []


def test_the_compiled_catalogue_says_what_the_readable_one_says():
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled: dict[Any, str] = dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]
    compiled.pop("")
    assert compiled == {
        (entry.key, 0) if entry.plural else entry.key: entry.chinese for entry in ENTRIES
    }


def test_the_tone_is_calm():
    loud = [entry.chinese for entry in ENTRIES if entry.chinese.rstrip().endswith(("!", "！"))]
    assert loud == []
    assert [
        entry.chinese for entry in ENTRIES if "“" in entry.chinese or "亲，" in entry.chinese
    ] == []


@pytest.mark.parametrize("choices", CHOICES, ids=lambda choices: choices.__qualname__)
def test_choices_are_named_in_chinese(choices: Any):
    with translation.override("zh-hans"):
        assert [
            name for value, name in choices.choices if value and not HAN.search(str(name))
        ] == []


def test_rules_are_named_in_chinese():
    with translation.override("zh-hans"):
        codes = [FollowUp.AGREED, *(rule.code for rule in RULEBOOK)]
        names = {code: str(label_of(code)) for code in codes}
    assert [code for code, name in names.items() if not HAN.search(name)] == []
    assert len(set(names.values())) == len(names)

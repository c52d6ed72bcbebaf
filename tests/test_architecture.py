"""What holds the house together, kept by machine."""

import io
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.template.loader import get_template
from importlinter.application.use_cases import lint_imports
from importlinter.configuration import configure

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
HAN = re.compile(r"[\u3400-\u9fff]+")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_each_app_knows_only_those_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    configure()
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None)


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    said = io.StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=said)
    except SystemExit:
        pytest.fail(said.getvalue())


def settings_read() -> set[str]:
    """The variables that the settings and what they call read from the environment."""
    read = re.compile(r"\benv\.(?:text|flag|number|words)\(\s*\"([A-Z_]+)\"")
    named = re.compile(r"\"((?:SECRET|FIELD|INDEX)_KEYS?)\"")
    words = (ROOT / "crm/settings.py").read_text()
    return set(read.findall(words)) | set(named.findall(words))


def test_the_settings_are_found() -> None:
    """Or the next test would be satisfied with nothing."""
    assert {"DATABASE_URL", "SECRET_KEY", "FIELD_KEYS", "LIST_TIME", "PROXIES"} <= settings_read()


def test_every_setting_stands_in_the_example() -> None:
    example = ROOT / ".env.example"
    assert example.exists(), "the settings are described in .env.example"
    described = set(re.findall(r"^#?\s*([A-Z_]+)=", example.read_text(), re.MULTILINE))
    assert settings_read() - described == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=shown)
def test_a_page_asks_no_other_site_for_anything(path: Path) -> None:
    asks = r"""(?:src|href|action|hx-\w+|content)\s*=\s*["'](?:https?:)?//"""
    assert not re.search(asks, path.read_text())


@pytest.mark.parametrize("path", sorted((ROOT / "static").glob("*.[cj]s*")), ids=shown)
def test_style_and_script_ask_no_other_site_for_anything(path: Path) -> None:
    words = path.read_text().replace("http://www.w3.org/", "")
    assert not re.search(r"https?://|@import|url\(\s*[\"']?//", words)


@pytest.mark.parametrize("path", TEMPLATES, ids=shown)
def test_a_page_carries_no_style_or_script_of_its_own(path: Path) -> None:
    """The content policy would refuse them."""
    words = path.read_text()
    assert not re.search(r"<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:", words)
    assert not re.search(r"<script(?![^>]*\bsrc=)", words)


@pytest.mark.parametrize("path", TEMPLATES, ids=shown)
def test_the_words_of_a_page_are_english_in_the_source(path: Path) -> None:
    """Chinese comes from the catalogue; names of languages are written as their speakers do."""
    words = re.sub(
        r"{#.*?#}|{% comment %}.*?{% endcomment %}", "", path.read_text(), flags=re.DOTALL
    )
    assert HAN.findall(words) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=shown)
def test_no_sentence_of_a_page_is_left_untranslated(path: Path) -> None:
    """Two English words in a row outside of translate would stay English in every language."""
    words = path.read_text()
    block = r"{%-?\s*(blocktrans(?:late)?)\b.*?{%-?\s*end\1\s*-?%}"
    for ignored in (block, r"{#.*?#}", r"{%.*?%}", r"{{.*?}}", r"<!--.*?-->", r"<[^>]*>"):
        words = re.sub(ignored, "\n", words, flags=re.DOTALL)
    assert re.findall(r"[A-Za-z]{2,}[ ,]+[a-z]{2,}", words) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=shown)
def test_every_page_can_be_parsed(path: Path) -> None:
    assert get_template(str(path.relative_to(ROOT / "templates")))


def test_a_template_with_chinese_or_a_foreign_address_is_noticed(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.html"
    wrong.write_text('<a href="https://elsewhere.example/">打开</a> Open this page')
    for check in (
        test_a_page_asks_no_other_site_for_anything,
        test_the_words_of_a_page_are_english_in_the_source,
        test_no_sentence_of_a_page_is_left_untranslated,
    ):
        with pytest.raises(AssertionError):
            check(wrong)

"""The files browsers load: nothing from outside, nothing altered, nothing too heavy."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.template import engines
from django.test import RequestFactory

ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
OWN = [*TEMPLATES, *sorted(STATIC.glob("*.css")), *sorted(STATIC.glob("*.js"))]
KILO = 1024
NAMES_NOT_HOSTS = ("http://www.w3.org/",)
ICON_NAMES = re.compile(r'<symbol id="([\w-]+)"')
ICON_USES = re.compile(r"""\{% icon ["']([\w-]+)["']""")


def weight(*names: str) -> int:
    return sum(len(gzip.compress((STATIC / name).read_bytes(), 9, mtime=0)) for name in names)


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", OWN, ids=short)
def test_nothing_is_loaded_from_outside(path: Path):
    text = path.read_text()
    for name in NAMES_NOT_HOSTS:
        text = text.replace(name, "")
    assert not re.search(r"https?://|src=[\"']//|url\(\s*[\"']?//|@import", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=short)
def test_templates_keep_to_the_content_policy(path: Path):
    text = path.read_text()
    assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize(
    "vendored", json.loads((STATIC / "vendor/manifest.json").read_text()), ids=lambda v: v["name"]
)
def test_vendored_files_are_what_the_manifest_says(vendored):
    content = (STATIC / vendored["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == vendored["sha256"]
    assert vendored["licence"] == "MIT"
    assert b"sourceMappingURL" not in content, "the manifest storage would look for the map"


def test_every_icon_asked_for_is_in_the_sprite():
    drawn = set(ICON_NAMES.findall((STATIC / "icons.svg").read_text()))
    asked = {name for path in TEMPLATES for name in ICON_USES.findall(path.read_text())}
    assert asked - drawn == set()


def test_shared_styles_stay_light():
    assert weight("vendor/bootstrap.min.css", "app.css") <= 40 * KILO


def test_the_script_stays_light():
    assert weight("app.js") <= 8 * KILO


def test_the_sprite_stays_light():
    assert weight("icons.svg") <= 17 * KILO


def test_a_first_visit_loads_few_files():
    base = (ROOT / "templates/base.html").read_text()
    files = re.findall(r"\{% static '([^']+)' %\}", base)
    assert sorted(files) == ["app.css", "app.js", "favicon.svg", "vendor/bootstrap.min.css"]
    assert weight(*files, "icons.svg") <= 70 * KILO, "with htmx and the page itself below 120"


def test_the_script_holds_no_words_of_its_own():
    code = re.sub(r"//.*|/\*[\s\S]*?\*/", "", (STATIC / "app.js").read_text())
    assert not re.search(r"[\u4e00-\u9fff]", code)


# --- the pages around them


def render(name: str, **context: object) -> str:
    request = RequestFactory().get("/today/")
    request.htmx = False  # type: ignore[attr-defined]
    return engines["django"].get_template(name).render(context, request)


def test_a_server_error_page_needs_nothing():
    assert "<h1>" in engines["django"].get_template("500.html").render()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chosen_theme_is_in_the_first_bytes(theme: str):
    page = render("base_plain.html", theme=theme)
    assert f'data-bs-theme="{theme}"' in page.split("<head>")[0]


def test_without_a_choice_the_browser_decides():
    assert "data-bs-theme" not in render("base_plain.html", theme="system")


def test_a_toast_offers_the_way_back_without_script():
    page = render(
        "_toasts.html", messages=[Message(25, "赵敏 · 通知书 已完成", "undo:/tasks/8/undo/")]
    )
    assert "赵敏 · 通知书 已完成" in page
    assert 'method="post" action="/tasks/8/undo/"' in page


def test_a_toast_can_ride_along_with_an_answer():
    page = render("_toast.html", text="完成", oob=1)
    assert page.startswith('<div hx-swap-oob="beforeend:#toasts">')

"""One row takes in another of its model: whatever refers to the one refers to the other from then on.

What refers to it is asked of the models. Where a promise of the database forbids two rows, one of them
takes in the other in its turn. Each step is written into a journal, from which all is taken back.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from django.apps import apps
from django.db import connection, models
from django.db.models import ForeignKey, Model, Q, UniqueConstraint

Models = type[Model]
Entry = dict[str, Any]
EMPTY: tuple[Any, ...] = (None, "", "\\x", [], {})  # as the database writes it


class Weighed(Protocol):
    """A model may say which of two rows of one place stands; else the one that was there does."""

    def outweighs(self, other: Any) -> bool: ...


def references(model: Models) -> list[tuple[Models, ForeignKey[Any, Any]]]:
    """Every foreign key to the model, of whichever app, those without a way back too."""
    return [
        (relation.related_model, relation.field)
        for relation in model._meta.get_fields(include_hidden=True)
        if isinstance(relation, models.ManyToOneRel) and relation.related_model._meta.managed
    ]


def row_of(model: Models, pk: Any) -> str:
    """The row to the letter, as JSON."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT to_jsonb(t)::text FROM {_table(model)} t WHERE {_key(model)} = %s", [pk]
        )
        return str(cursor.fetchone()[0])


@dataclass
class Journal:
    entries: list[Entry] = field(default_factory=list)

    def absorb(self, model: Models, kept: Any, gone: Any) -> None:
        """Let `kept` take in `gone`, which is no more then."""
        row = row_of(model, gone)  # now: the database may count what hangs on it
        for related, fk in references(model):
            self._make_room(related, fk, kept, gone)
            self._point(related, fk, gone, kept)
        for related in {related for related, _fk in references(model)}:
            self._drop_self_references(related, model, kept)
        self._delete(model, gone, row)

    def drop(self, model: Models, pk: Any) -> None:
        """Delete a row; what refers to it refers to nothing, or goes with it."""
        row = row_of(model, pk)
        for related, fk in references(model):
            if fk.null:
                self._point(related, fk, pk, None)
                continue
            for each in _keys(related, Q((fk.attname, pk))):
                self.drop(related, each)
        self._delete(model, pk, row)

    def note(self, model: Models, pk: Any, was: str) -> None:
        """Somebody has changed the row, which `was` so before."""
        now = row_of(model, pk)
        old, new = json.loads(was), json.loads(now)
        columns = [name for name in _columns(model) if old[name] != new[name]]
        if columns:
            self.entries.append(
                {"do": "changed", "model": model._meta.label, "pk": pk, "columns": columns,
                 "was": was, "now": now}
            )  # fmt: skip

    def _make_room(self, related: Models, fk: "ForeignKey[Any, Any]", kept: Any, gone: Any) -> None:
        for fields, condition, distinct in _promises(related, fk):
            stands = _by_place(related, fields, condition & Q((fk.attname, kept)))
            for place, pk in _by_place(related, fields, condition & Q((fk.attname, gone))).items():
                twin = stands.get(place)
                if twin is None or (distinct and None in place):
                    continue
                stays, goes = (pk, twin) if _outweighs(related, pk, twin) else (twin, pk)
                if fk.unique:  # what the one lacks, the other fills
                    self._fill(related, stays, goes, fk)
                self.absorb(related, stays, goes)

    def _fill(self, model: Models, kept: Any, gone: Any, fk: "ForeignKey[Any, Any]") -> None:
        was, other = row_of(model, kept), row_of(model, gone)
        mine, theirs = json.loads(was), json.loads(other)
        lacks = [
            name
            for name in _columns(model)
            if name != fk.column and mine[name] in EMPTY and theirs[name] not in EMPTY
        ]
        if lacks:
            _put(model, kept, lacks, other)
            self.note(model, kept, was)

    def _point(self, related: Models, fk: "ForeignKey[Any, Any]", was: Any, now: Any) -> None:
        keys = _keys(related, Q((fk.attname, was)))
        if not keys:
            return
        _rows(related).filter(pk__in=keys).update(**{fk.attname: now})
        if fk.primary_key:
            keys = [now]
        self.entries.append(
            {"do": "pointed", "model": related._meta.label, "field": fk.name, "pks": keys,
             "was": was, "now": now}
        )  # fmt: skip

    def _drop_self_references(self, related: Models, model: Models, kept: Any) -> None:
        """Nobody is their own kin."""
        fks = [fk for other, fk in references(model) if other is related]
        if len(fks) < 2 or related is model:
            return
        for pk in _keys(related, Q(*((fk.attname, kept) for fk in fks))):
            self.drop(related, pk)

    def _delete(self, model: Models, pk: Any, row: str) -> None:
        self.entries.append({"do": "deleted", "model": model._meta.label, "row": row})
        with connection.cursor() as cursor:  # what hangs on it hangs elsewhere: nothing cascades
            cursor.execute(f"DELETE FROM {_table(model)} WHERE {_key(model)} = %s", [pk])


def take_back(entries: Sequence[Entry]) -> None:
    """As it was before; what has been changed since in what was changed stays."""
    standing = [(entry, _as_it_was_left(entry)) for entry in entries if entry["do"] == "changed"]
    _restore(standing)  # a promise may stand between a row that comes back and what was changed
    back: dict[tuple[str, Any], tuple[str, list[str]]] = {}
    for entry in reversed(entries):
        model = _model(entry)
        if entry["do"] == "deleted":
            _insert(model, entry["row"])
            key = json.loads(entry["row"])[model._meta.pk.column]
            back[entry["model"], key] = (entry["row"], _columns(model))
        elif entry["do"] == "pointed":
            fk = cast("ForeignKey[Any, Any]", model._meta.get_field(entry["field"]))
            still = _rows(model).filter(pk__in=entry["pks"], **{fk.attname: entry["now"]})
            still.update(**{fk.attname: entry["was"]})
            for pk in entry["pks"]:
                row, columns = back.get((entry["model"], pk), ("", []))
                back[entry["model"], pk] = (row, [name for name in columns if name != fk.column])
    _restore(standing)  # the database has counted meanwhile
    for (label, pk), (row, columns) in back.items():
        if columns:
            _put(apps.get_model(label), pk, columns, row)


def _restore(standing: Iterable[tuple[Entry, list[str]]]) -> None:
    for entry, columns in reversed(list(standing)):
        if columns:
            _put(_model(entry), entry["pk"], columns, entry["was"])


def _as_it_was_left(entry: Entry) -> list[str]:
    """Of the columns that were changed, those that nobody has changed since."""
    if not _rows(_model(entry)).filter(pk=entry["pk"]).exists():
        return []
    now, left = json.loads(row_of(_model(entry), entry["pk"])), json.loads(entry["now"])
    return [name for name in entry["columns"] if now[name] == left[name]]


# --- rows in SQL


def _insert(model: Models, row: str) -> None:
    columns = ", ".join(f'"{name}"' for name in _columns(model))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_table(model)} ({columns})"
            f" SELECT {columns} FROM jsonb_populate_record(NULL::{_table(model)}, %s::jsonb)",
            [row],
        )


def _put(model: Models, pk: Any, columns: Iterable[str], row: str) -> None:
    """Give a row these columns of another one."""
    given = ", ".join(f'"{name}" = r."{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_table(model)} t SET {given}"
            f" FROM jsonb_populate_record(NULL::{_table(model)}, %s::jsonb) r"
            f" WHERE t.{_key(model)} = %s",
            [row, pk],
        )


def _columns(model: Models) -> list[str]:
    """What is written; the database works out the rest."""
    return [
        str(each.column)
        for each in model._meta.concrete_fields
        if not isinstance(each, models.GeneratedField)
    ]


def _table(model: Models) -> str:
    return f'"{model._meta.db_table}"'


def _key(model: Models) -> str:
    return f'"{model._meta.pk.column}"'


def _model(entry: Entry) -> Models:
    return apps.get_model(entry["model"])


def _rows(model: Models) -> "models.QuerySet[Any]":
    return model._base_manager.all()


def _keys(model: Models, condition: Q) -> list[Any]:
    return list(_rows(model).filter(condition).order_by("pk").values_list("pk", flat=True))


# --- promises


def _promises(model: Models, fk: "ForeignKey[Any, Any]") -> Iterator[tuple[list[str], Q, bool]]:
    """What of a key's rows must differ: the other fields, among which rows, and if nothing differs
    from nothing."""
    if fk.unique:
        yield [], Q(), True
    for names in model._meta.unique_together:
        if fk.name in names:
            yield _without(model, names, fk), Q(), True
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint) and fk.name in constraint.fields:
            condition = constraint.condition or Q()
            distinct = constraint.nulls_distinct is not False
            yield _without(model, constraint.fields, fk), condition, distinct


def _without(model: Models, names: Iterable[str], fk: "ForeignKey[Any, Any]") -> list[str]:
    fields = [model._meta.get_field(name) for name in names if name != fk.name]
    return [str(getattr(each, "attname", each.name)) for each in fields]


def _by_place(model: Models, fields: list[str], condition: Q) -> dict[tuple[Any, ...], Any]:
    rows = _rows(model).filter(condition).order_by("pk").values_list("pk", *fields)
    return {tuple(place): pk for pk, *place in rows}


def _outweighs(model: Models, pk: Any, other: Any) -> bool:
    if not hasattr(model, "outweighs"):
        return False
    found = _rows(model).in_bulk([pk, other])
    return bool(cast("Weighed", found[pk]).outweighs(found[other]))

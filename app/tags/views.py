"""Tags of a record: put on, take off.

A module takes these addresses with `takes_tags(bp, carriers)`, below the page of the record. The page includes
`templates/tags/_card.html`; what is sent to open pages is `templates/tags/_tags.html`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ..current import member
from ..forms import Form
from ..web import find_or_404, go, kept_list, requires, said
from .forms import AddTagForm
from .models import Tag, Tagging


@dataclass(frozen=True)
class Carriers:
    """Records that carry tags, as the views of their module know them. `place`: where the page of one is; `edits`: who
    may tag them; `find`: the one of that number, locked; `check`: raises Refused where it is put away; `refusal`: the
    status of a form that cannot be acted on, with the reasons in the form; `show`: the page of the record, as the
    answer of a form on it (`tag_form`) with that status."""

    tagging: type[Tagging]
    place: str
    edits: str
    find: Callable[[int], Any]
    check: Callable[[Any], object]
    refusal: Callable[[Form, Any], int | None]
    show: Callable[..., ResponseReturnValue]


class Tags:
    """The addresses of the tags of one kind of record."""

    def __init__(self, module: str, carriers: Carriers) -> None:
        self.module, self.of = module, carriers

    def create(self, number: int) -> ResponseReturnValue:
        """A tag by its name, as it was typed."""
        record, form = self.of.find(number), AddTagForm()
        status = self.of.refusal(form, record)
        tag = None if status else form.tag()
        if tag is None:
            form.name.errors = [*form.name.errors, *form.form_errors]
            return self.of.show(record, status or 422, tag_form=form)
        return self.put_on(record, tag)

    def update(self, number: int, tag_id: uuid.UUID) -> ResponseReturnValue:
        """A tag that was chosen, or taken off before."""
        return self.put_on(self.in_use(number), tag_of(tag_id))

    def destroy(self, number: int, tag_id: uuid.UUID) -> ResponseReturnValue:
        record, tag = self.in_use(number), tag_of(tag_id)
        if self.of.tagging.take_off(record, tag, by=member):
            # What is put away cannot be put on again.
            undo = None if tag.archived_at else self.url("update_tag", record, tag, "PUT")
            said(_("Took “%(tag)s” off", tag=tag.name), undo_url=undo)
        return self.back_to(record)

    def put_on(self, record: Any, tag: Tag) -> ResponseReturnValue:
        if self.of.tagging.put_on(record, tag, by=member):
            undo = self.url("destroy_tag", record, tag, "DELETE")
            said(_("Tagged “%(tag)s”", tag=tag.name), undo_url=undo)
        return self.back_to(record)

    def in_use(self, number: int) -> Any:
        record = self.of.find(number)
        self.of.check(record)
        return record

    def url(self, name: str, record: Any, tag: Tag, method: str) -> str:
        return url_for(f"{self.module}.{name}", number=record.number, tag_id=tag.id, list=kept_list(), _method=method)

    def back_to(self, record: Any) -> ResponseReturnValue:
        return go(f"{self.module}.show", number=record.number, list=kept_list())


def tag_of(tag_id: uuid.UUID) -> Tag:
    """The tag, which nobody puts away meanwhile."""
    return find_or_404(Tag.visible_to(member).where(Tag.id == tag_id).with_for_update(read=True))


def takes_tags(bp: Blueprint, carriers: Carriers) -> None:
    """Give the records' blueprint the addresses of their tags; it is called as the address of its pages."""
    tags, one = Tags(bp.name, carriers), f"{carriers.place}/tags/<uuid:tag_id>"
    ways: tuple[tuple[str, str, str, Callable[..., ResponseReturnValue]], ...] = (
        ("POST", f"{carriers.place}/tags", "create_tag", tags.create),
        ("PUT", one, "update_tag", tags.update),
        ("DELETE", one, "destroy_tag", tags.destroy),
    )
    for method, path, name, view in ways:
        bp.add_url_rule(path, name, stated(view, carriers), methods=[method])


def stated(view: Callable[..., ResponseReturnValue], carriers: Carriers) -> Callable[..., ResponseReturnValue]:
    def answer(**values: Any) -> ResponseReturnValue:
        return view(**values)

    return requires(carriers.edits)(answer)

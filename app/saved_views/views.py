"""The views of a list: choose, save, rename, bring up to date, delete; which one opens; its columns.

A list takes these addresses with `keeps_views(bp, listing)`, below its own and with its own permissions.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ..current import member
from ..db import db
from ..errors import Refused
from ..lists.addresses import Ways, give
from ..once import once
from ..web import find_or_404, go, page, said
from .forms import ViewForm
from .listing import Listing, default_view, prefer, read_columns, shown_columns
from .models import NameTaken, SavedView


def sent_list() -> str:
    """The query of the list somebody came from."""
    return request.args.get("list", "")


class Views:
    """The addresses of one list's views."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing

    def endpoint(self, name: str) -> str:
        return f"{self.listing.endpoint.partition('.')[0]}.{name}"

    def to_list(self, query: str, **also: Any) -> ResponseReturnValue:
        kept = dict(parse_qsl(query)) | {name: value for name, value in also.items() if value}
        return go(self.listing.endpoint, **(kept or {"view": "all"}))

    def found(self, view_id: uuid.UUID) -> SavedView:
        return find_or_404(SavedView.visible_to(member, self.listing.resource).where(SavedView.id == view_id))

    def changeable(self, view_id: uuid.UUID) -> SavedView:
        """The view, locked. Aborts with 403 where it is shared by somebody else."""
        visible = SavedView.visible_to(member, self.listing.resource).where(SavedView.id == view_id)
        view = find_or_404(visible.with_for_update())
        if not view.may_be_changed_by(member):
            abort(403)
        return view

    def index(self) -> ResponseReturnValue:
        return self.index_page(ViewForm(formdata=None))

    def index_page(self, form: ViewForm, status: int = 200) -> ResponseReturnValue:
        filters = self.listing.filters(member)
        query, _lost = self.listing.kept_by(sent_list(), filters)
        offered = SavedView.offered_to(member, self.listing.resource)
        return page(
            "saved_views/index.html",
            status,
            follow=["saved_views"],
            listing=self.listing,
            at=self.endpoint,
            form=form,
            query=query,
            sent=sent_list(),
            views=[
                (view, owner, view.may_be_changed_by(member), self.listing.told(view.query, filters))
                for view, owner in offered
            ],
            told=self.listing.told(query, filters),
            default=default_view(self.listing, member),
            current=dict(parse_qsl(sent_list())).get("view"),
        )

    @once
    def create(self) -> ResponseReturnValue:
        form = ViewForm()
        if not form.validate():
            return self.index_page(form, 422)
        query, _lost = self.listing.kept(sent_list(), member)
        try:
            view = SavedView.create(
                str(form.name.data),
                query,
                resource=self.listing.resource,
                is_shared=bool(form.is_shared.data),
                port_id=member.here().id,
                user_id=member.id,
                by=member,
            )
        except NameTaken:
            return self.index_page(taken(form), 422)
        said(_("The view “%(name)s” was saved", name=view.name))
        return self.to_list(query, view=str(view.id))

    def show(self, view_id: uuid.UUID) -> ResponseReturnValue:
        """Its list. What of it is not there any more is left out and said."""
        visible = SavedView.visible_to(member, self.listing.resource)
        view = db.session.scalars(visible.where(SavedView.id == view_id)).one_or_none()
        if view is None or view.archived_at is not None:
            if str(view_id) != default_view(self.listing, member):
                abort(404)
            said(_("The view that opened this list is gone. These are all."), category="info")
            return self.to_list("")
        query, lost = self.listing.kept(view.query, member)
        if lost:
            text = _("“%(name)s” was kept with something that is not there any more: %(what)s. The rest is shown.",
                     name=view.name, what=", ".join(lost))  # fmt: skip
            said(text, category="info")
        return self.to_list(query, view=str(view.id))

    def edit(self, view_id: uuid.UUID) -> ResponseReturnValue:
        view = self.found(view_id)
        if not view.may_be_changed_by(member):
            abort(403)
        form = ViewForm(formdata=None, obj=view)
        form.open(view)
        return self.edit_page(view, form)

    def edit_page(self, view: SavedView, form: ViewForm, status: int = 200, clashes: Any = ()) -> ResponseReturnValue:
        context: dict[str, Any] = {"listing": self.listing, "at": self.endpoint, "sent": sent_list()}
        is_own = view.user_id == member.id
        return page(
            "saved_views/edit.html", status, view=view, form=form, clashes=list(clashes), is_own=is_own, **context
        )

    def update(self, view_id: uuid.UUID) -> ResponseReturnValue:
        view = self.changeable(view_id)
        form = ViewForm(obj=view)
        if not form.validate():
            return self.edit_page(view, form, 422)
        edit = form.compare(view)
        if edit.clashes:
            return self.edit_page(view, form, 409, edit.clashes)
        changes = dict(edit.changes)
        if view.user_id != member.id:
            changes.pop("is_shared", None)  # to keep it for oneself is for whose it is
        try:
            view.update(changes, by=member)
        except NameTaken:
            return self.edit_page(view, taken(form), 422)
        said(_("View saved"))
        return go(self.endpoint("index_views"), list=sent_list() or None)

    def update_query(self, view_id: uuid.UUID) -> ResponseReturnValue:
        view = self.changeable(view_id)
        query, _lost = self.listing.kept(sent_list(), member)
        before = view.query
        view.update({"query": query}, by=member)
        undo = url_for(self.endpoint("update_view_query"), view_id=view_id, list=before, _method="PUT")
        said(_("“%(name)s” is now what this list shows", name=view.name), undo_url=undo)
        return self.to_list(query, view=str(view_id))

    def destroy(self, view_id: uuid.UUID) -> ResponseReturnValue:
        view = self.changeable(view_id)
        view.archive(by=member)
        undo = url_for(self.endpoint("create_view_restoration"), view_id=view_id, list=sent_list() or None)
        said(_("The view “%(name)s” was deleted", name=view.name), undo_url=undo)
        return go(self.endpoint("index_views"), list=sent_list() or None)

    def create_restoration(self, view_id: uuid.UUID) -> ResponseReturnValue:
        view = self.changeable(view_id)
        try:
            view.restore(by=member)
        except NameTaken as error:
            url = url_for(self.endpoint("index_views"))
            text = _("“%(name)s” cannot come back: another view has the name now.", name=view.name)
            raise Refused(text, url=url, label=_("Views")) from error
        said(_("“%(name)s” is back", name=view.name))
        return go(self.endpoint("index_views"), list=sent_list() or None)

    def create_default(self, view_id: uuid.UUID) -> ResponseReturnValue:
        """From now on the list opens with it."""
        view = self.found(view_id)
        prefer(self.listing, member, "view", str(view.id))
        undo = url_for(self.endpoint("destroy_default_view"), view_id=view_id, list=sent_list() or None,
                       _method="DELETE")  # fmt: skip
        said(_("The list opens with “%(name)s” from now on", name=view.name), undo_url=undo)
        return go(self.endpoint("index_views"), list=sent_list() or None)

    def destroy_default(self, view_id: uuid.UUID) -> ResponseReturnValue:
        self.found(view_id)
        prefer(self.listing, member, "view", None)
        said(_("The list opens with everything from now on"))
        return go(self.endpoint("index_views"), list=sent_list() or None)

    def edit_columns(self) -> ResponseReturnValue:
        asked = dict(parse_qsl(sent_list())).get("columns")
        shown = read_columns(self.listing, asked) if asked else shown_columns(self.listing, member)
        context: dict[str, Any] = {"listing": self.listing, "at": self.endpoint, "shown": shown, "sent": sent_list()}
        return page("saved_views/columns.html", is_own_choice=is_own_choice(), **context)

    def update_columns(self) -> ResponseReturnValue:
        """In a view the columns are part of what is looked at; else they are one's own choice."""
        chosen = ",".join(read_columns(self.listing, ",".join(request.form.getlist("column"))))
        if not is_own_choice():
            return self.to_list(sent_list(), columns=chosen)
        prefer(self.listing, member, "columns", chosen)
        return self.to_list(sent_list())


def is_own_choice() -> bool:
    """Whether columns that are chosen now are for the list as such; else they are those of what is looked at."""
    sent = dict(parse_qsl(sent_list()))
    return sent.get("view", "all") == "all" and "columns" not in sent


def taken(form: ViewForm) -> ViewForm:
    form.name.errors = [_("You have a view of this name. Choose another.")]
    return form


def default_opened(listing: Listing) -> ResponseReturnValue | None:
    """To the view with which the list opens, where nothing else is asked for."""
    default = default_view(listing, member)
    endpoint = f"{listing.endpoint.partition('.')[0]}.show_view"
    return go(endpoint, view_id=uuid.UUID(default)) if default and not request.args else None


def looks(listing: Listing) -> dict[str, Any]:
    """What the page of a list says of its views and columns."""
    return {
        "listing": listing,
        "shown": shown_columns(listing, member),
        "view": SavedView.looked_through(member, listing.resource, request.args.get("view", "")),
        "all_url": url_for(listing.endpoint, view="all" if default_view(listing, member) else None),
    }


def keeps_views(bp: Blueprint, listing: Listing, *, place: str = "") -> None:
    """Give the list's blueprint the addresses of its views, below `place`, for who may see the list."""
    views = Views(listing)
    ways: Ways = (
        ("GET", "/views", "index_views", views.index),
        ("POST", "/views", "create_view", views.create),
        ("GET", "/views/<uuid:view_id>", "show_view", views.show),
        ("GET", "/views/<uuid:view_id>/edit", "edit_view", views.edit),
        ("PUT", "/views/<uuid:view_id>", "update_view", views.update),
        ("PUT", "/views/<uuid:view_id>/query", "update_view_query", views.update_query),
        ("DELETE", "/views/<uuid:view_id>", "destroy_view", views.destroy),
        ("POST", "/views/<uuid:view_id>/restoration", "create_view_restoration", views.create_restoration),
        ("POST", "/views/<uuid:view_id>/default", "create_default_view", views.create_default),
        ("DELETE", "/views/<uuid:view_id>/default", "destroy_default_view", views.destroy_default),
        ("GET", "/columns", "edit_columns", views.edit_columns),
        ("PUT", "/columns", "update_columns", views.update_columns),
    )
    give(bp, [(method, f"{place}{path}", name, view) for method, path, name, view in ways], *listing.sees)

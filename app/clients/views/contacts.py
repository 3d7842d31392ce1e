"""Contacts of a client: add, change, remove, put back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from functools import partial

from flask import abort, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from ...current import member
from ...forms import Clash
from ...once import once
from ...web import find_or_404, go, kept_list, page, requires, said
from ..forms import ContactForm, NewContactForm
from ..models import Client, Contact
from ..models.contact import Unfit
from . import bp
from .clients import by_number, locked, refusal, unarchived


def contact_of(client: Client, contact_id: uuid.UUID) -> Contact:
    """Also one that was removed: removing twice and putting back find it."""
    return find_or_404(select(Contact).where(Contact.client_id == client.id, Contact.id == contact_id))


def country_of(client: Client) -> str:
    """The country in which a national phone number of this client is read."""
    return client.country or member.here().country


@bp.get("/<int:number>/contacts/new")
@requires("clients.edit")
def new_contact(number: int) -> ResponseReturnValue:
    client = unarchived(find_or_404(by_number(number)))
    return page("clients/contacts/new.html", client=client, form=NewContactForm(formdata=None))


@bp.post("/<int:number>/contacts")
@requires("clients.edit")
@once
def create_contact(number: int) -> ResponseReturnValue:
    client, form = locked(number), NewContactForm()
    create = partial(Contact.create, client, form.values(), country=country_of(client), by=member)
    if status := refusal(form, client) or unfit(form, create):
        return page("clients/contacts/new.html", status, client=client, form=form)
    said(_("Contact added"))
    return go("clients.show", number=number, list=kept_list())


def unfit(form: ContactForm, act: Callable[[], object]) -> int | None:
    """Do it; 422 with the reason beside the field when the contact cannot be so."""
    try:
        act()
    except Unfit as error:
        form[error.field].errors = [str(error)]
        return 422
    return None


@bp.get("/<int:number>/contacts/<uuid:contact_id>/edit")
@requires("clients.edit")
def edit_contact(number: int, contact_id: uuid.UUID) -> ResponseReturnValue:
    client = unarchived(find_or_404(by_number(number)))
    contact = contact_of(client, contact_id)
    if contact.archived_at is not None:
        abort(404)
    form = ContactForm(formdata=None, obj=contact)
    form.open(contact)
    return edit_page(client, contact, form, 200)


@bp.put("/<int:number>/contacts/<uuid:contact_id>")
@requires("clients.edit")
def update_contact(number: int, contact_id: uuid.UUID) -> ResponseReturnValue:
    client = locked(number)
    contact = contact_of(client, contact_id)
    form = ContactForm(obj=contact)
    if status := refusal(form, client) or removed(form, contact):
        return edit_page(client, contact, form, status)
    edit = form.compare(contact, told_in=client)
    if edit.clashes:
        return edit_page(client, contact, form, 409, clashes=edit.clashes)
    update = partial(contact.update, client, edit.changes, country=country_of(client), by=member)
    if status := unfit(form, update):
        return edit_page(client, contact, form, status)
    said(_("Contact saved"))
    return go("clients.show", number=number, list=kept_list())


def edit_page(
    client: Client, contact: Contact, form: ContactForm, status: int, *, clashes: Sequence[Clash] = ()
) -> ResponseReturnValue:
    template = "clients/contacts/edit.html"
    return page(template, status, client=client, contact=contact, form=form, clashes=list(clashes))


def removed(form: ContactForm, contact: Contact) -> int | None:
    if contact.archived_at is None:
        return None
    form.form_errors = [_("Somebody removed this contact meanwhile. Add it anew to keep it.")]
    return 409


@bp.delete("/<int:number>/contacts/<uuid:contact_id>")
@requires("clients.edit")
def destroy_contact(number: int, contact_id: uuid.UUID) -> ResponseReturnValue:
    client = unarchived(locked(number))
    contact_of(client, contact_id).archive(client, by=member)
    undo = url_for("clients.create_contact_restoration", number=number, list=kept_list(), contact_id=contact_id)
    said(_("Contact removed"), undo_url=undo)
    return go("clients.show", number=number, list=kept_list())


@bp.post("/<int:number>/contacts/<uuid:contact_id>/restoration")
@requires("clients.edit")
def create_contact_restoration(number: int, contact_id: uuid.UUID) -> ResponseReturnValue:
    client = unarchived(locked(number))
    contact_of(client, contact_id).restore(client, by=member)
    said(_("Contact is back"))
    return go("clients.show", number=number, list=kept_list())

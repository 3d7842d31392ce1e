"""Making one client of two: compare, merge, look at what was merged, take it apart again."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import NotFound

from ...crypto import Unreadable
from ...current import member
from ...db import db
from ...errors import Failure, Refused, answer, words_for
from ...events.timeline import timeline
from ...numbers import has_number
from ...once import once
from ...web import find_or_404, go, kept_list, page, requires, said
from ..merging.mergers import Comparison, comparison, later_in_words, moved, not_taken, to_merge_with
from ..models import Client, Merge
from ..models.merge import check_both, lock_two
from . import bp
from .clients import SEES, by_number, unarchived


@bp.get("/<int:number>/mergers/new")
@requires("clients.merge")
def new_merger(number: int) -> ResponseReturnValue:
    """Whom to merge with; once that is chosen, both side by side."""
    client = unarchived(find_or_404(by_number(number)))
    other = request.args.get("other", type=int)
    if other is None:
        asked = request.args.get("q", "").replace("\x00", "").strip()
        found = to_merge_with(client, asked, member)
        return page("clients/mergers/choose.html", client=client, asked=asked, found=found)
    merged = unarchived(find_or_404(by_number(other)))
    if merged.id == client.id:
        raise Refused(_("A client cannot be merged with itself."))
    return compare_page(comparison(client, merged))


def compare_page(compared: Comparison, status: int = 200, *, changed: bool = False) -> ResponseReturnValue:
    return page("clients/mergers/new.html", status, compared=compared, changed=changed)


@bp.post("/<int:number>/mergers")
@requires("clients.merge")
@once
def create_merger(number: int) -> ResponseReturnValue:
    other = request.form.get("other", type=int)
    if other is None:
        return go("clients.new_merger", number=find_or_404(by_number(number)).number)
    survivor, merged = both(number, other)
    check_both(survivor, merged)
    compared = comparison(survivor, merged, chosen=request.form)
    if compared.was_changed:
        return compare_page(compared, 409, changed=True)
    made = Merge.make(survivor, merged, compared.taken, by=member)
    undo = url_for("clients.destroy_merger", number=number, merge_id=made.id, _method="DELETE")
    said(_("%(name)s is one client now", name=survivor.full_name), undo_url=undo)
    return go("clients.show", number=number)


def both(number: int, other: int) -> tuple[Client, Client]:
    """The two, locked; also who was merged meanwhile."""
    found = lock_two(numbered(number), numbered(other))
    if len(found) != 2:
        abort(404)
    return found[0], found[1]


def numbered(number: int) -> Any:
    """Also who was merged: the refusal says so."""
    return Client.visible_to(member).where(has_number(Client, number))


def merge_of(survivor: Client, merge_id: uuid.UUID, *, lock: bool = False) -> Merge:
    if survivor.is_erased:
        raise Refused(_("What these clients were before has been erased."))
    statement = Merge.into(survivor).where(Merge.id == merge_id)
    if lock:  # and read anew: somebody may have undone it while this waited
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return find_or_404(statement)


@bp.get("/<int:number>/mergers/<uuid:merge_id>")
@requires(*SEES)
def show_merger(number: int, merge_id: uuid.UUID) -> ResponseReturnValue:
    """What was merged, what of it stands nowhere else, what happened with it, and what undoing would leave."""
    client = find_or_404(by_number(number).options(joinedload(Client.owner)))
    merge = merge_of(client, merge_id)
    merged = db.session.scalars(select(Client).where(Client.id == merge.merged_id)).one()
    try:
        left, later = not_taken(merge.opened()[0]), later_in_words(merge.later_edits())
    except Unreadable:
        left, later = [], []
    why_not = merge.why_not(client, merged)
    return page(
        "clients/mergers/show.html",
        follow=[f"client:{number}"],
        client=client,
        merge=merge,
        merged=merged,
        moved=moved(merge),
        left=left,
        later=later,
        why_not=why_not,
        may_undo=member.can("clients.merge") and sees(merged) and not why_not,
        timeline=timeline("client", merged.id, limit=50),
    )


def sees(client: Client) -> bool:
    """Who may not see both has nothing to make two of."""
    return Client.may_see(member, owner_id=client.owner_id, created_by_id=client.created_by_id)


@bp.delete("/<int:number>/mergers/<uuid:merge_id>")
@requires("clients.merge")
def destroy_merger(number: int, merge_id: uuid.UUID) -> ResponseReturnValue:
    found = find_or_404(numbered(number))
    merge = merge_of(found, merge_id)
    survivor, merged = lock_two(numbered(number), select(Client).where(Client.id == merge.merged_id))
    if not sees(merged):
        abort(403)
    merge = merge_of(survivor, merge_id, lock=True)
    later = merge.undo(survivor, merged, by=member)
    kept = _("Two clients again; %(count)s later changes stay as they are", count=len(later))
    said(kept if later else _("Two clients again, as they were"))
    return go("clients.show", number=number, list=kept_list())


# --- A merged number leads on


OF_A_CLIENT = "/<port>/clients/<int:number>"
# What adds something: it is added to the survivor, so that nothing typed is lost.
ADDING = frozenset(
    {"clients.create_note", "clients.create_contact", "clients.create_relationship", "clients.create_tag"}
)


@bp.app_errorhandler(404)
def lead_on(error: NotFound) -> ResponseReturnValue:
    """The number of a client that was merged leads to the same page of the survivor; what changes something is
    refused."""
    number = (request.view_args or {}).get("number")
    is_client = request.url_rule is not None and request.url_rule.rule.startswith(OF_A_CLIENT)
    found = g.get("member") if is_client else None
    survivor = Client.standing(int(number), found) if number is not None and found and found.port else None
    if survivor is None or survivor.number == number or request.endpoint is None:
        return answer(Failure(404, *words_for(404)))
    values: dict[str, Any] = {**request.args.to_dict(), **(request.view_args or {}), "number": survivor.number}
    if request.endpoint in ADDING:
        # Not said(): nothing of this request is committed.
        told: Any = {"text": _("Merged into %(name)s meanwhile; it is added there", name=survivor.full_name)}
        flash(told, "info")
        return redirect(url_for(request.endpoint, **values), 307)
    if request.method not in ("GET", "HEAD"):
        text = _("This client was merged into %(name)s meanwhile. Nothing was saved.", name=survivor.full_name)
        url = url_for("clients.show", number=survivor.number)
        return answer(Failure(409, _("Merged meanwhile"), text, url, _("Open %(name)s", name=survivor.full_name)))
    return redirect(url_for(request.endpoint, **values), 303)

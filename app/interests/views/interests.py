"""Interests: board, table, detail, create, edit, timeline."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import abort, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Select
from sqlalchemy.orm import joinedload

from ...cards import card_of
from ...clients.models import Client
from ...current import member
from ...db import db, now
from ...documents.models import Document
from ...errors import Refused
from ...events.timeline import timeline
from ...formats import today
from ...forms import Form
from ...notes.forms import NoteForm
from ...numbers import has_number, one_numbered
from ...once import once
from ...saved_views.views import default_opened, looks
from ...tags.forms import AddTagForm
from ...web import find_or_404, go, is_partial, kept_list, page, page_of_fragment, requires, said
from ..board import Address, board_of, cards_after, open_in, place_of
from ..forms import (
    AssigneeForm,
    BerthForm,
    DepositForm,
    HoldForm,
    InterestForm,
    LeadForm,
    NewInterestForm,
    OutcomeForm,
)
from ..listing import INTERESTS
from ..models import STAGES, Deposit, Interest, Missing, Stage
from ..models.sale import hold_of
from ..models.stages import EARNING, Papers, changes_of, missing
from ..models.wanted import fit_on
from ..queries import (
    LATEST,
    LONGEST,
    berths_named,
    board_filters_of,
    filters_of,
    interest_page,
    kept_about,
    of_client,
    row_of,
    with_all,
)
from ..recommendations.queries import best_of, offered
from ..telling import AGES
from . import PLACE, bp


def by_number(number: int) -> Select[Interest]:
    """For who sees interests: who only books money in has no page of them."""
    if not member.can("interests.view"):
        abort(404)
    return with_all(Interest.visible_to(member).where(has_number(Interest, number)))


def locked(number: int) -> Interest:
    """The interest, locked until the request ends: two who act on it take turns."""
    return find_or_404(by_number(number).with_for_update(of=Interest))


def unarchived(interest: Interest) -> Interest:
    """The interest, unless it is put away: then it is not changed (409)."""
    if interest.is_archived:
        url = url_for("interests.show", number=interest.number)
        raise Refused(_("This interest is archived. Restore it first."), url=url, label=_("Open"))
    return interest


def refusal(form: Form, interest: Interest) -> int | None:
    """The status with which the form is shown again, and nothing typed lost; None when it can be acted on."""
    if not form.validate():
        return 422
    if interest.is_archived:
        form.form_errors = [_("Somebody archived this interest meanwhile. Restore it before you change it.")]
        return 409
    return None


@bp.get(PLACE)
@requires("interests.view")
def index() -> ResponseReturnValue:
    address = Address.read(board_filters_of(member), request.query_string.decode(errors="replace"))
    columns = board_of(member, address)
    return page(
        "interests/board.html",
        follow=["interests:narrowed" if address.kept else "interests"],
        columns=columns,
        total=open_in(column.head for column in columns),
        address=address,
        ages=AGES,
        today=now(),
    )


@bp.get(f"{PLACE}/cards")
@requires("interests.view")
def index_cards() -> ResponseReturnValue:
    """Of the column `?stage=` the cards `after` those that a board shows, whose address keeps how many it shows."""
    stage = next((one for one in Stage if one == request.args.get("stage")), None)
    if stage is None:
        return go("interests.index")
    address = Address.read(board_filters_of(member), urlsplit(page_of_fragment() or "").query).longer(stage)
    cards = cards_after(member, address.filters, stage, request.args.get("after", ""))
    what = {"cards": cards, "address": address, "port": member.here(), "today": now()}
    answer = make_response(render_template("interests/_cards.html", **what))
    answer.headers["HX-Replace-Url"] = url_for("interests.index", **address.values)
    return answer


@bp.get(f"{PLACE}/<int:number>/card")
@requires("interests.view")
def show_card(number: int) -> ResponseReturnValue:
    """Where it stands, for the board that is open; the board itself for who asks without a script."""
    interest = find_or_404(by_number(number))
    if not is_partial():
        return go("interests.index", _anchor=f"interest-{number}")
    place = place_of(number, row_of(interest.id), Stage, member.here())
    return make_response(render_template("interests/_moved.html", **place))


@bp.get(f"{PLACE}/table")
@requires("interests.view")
def index_table() -> ResponseReturnValue:
    if opened := default_opened(INTERESTS):
        return opened
    filters, asked = filters_of(member), request.args.get("q", "").replace("\x00", "")
    return page(
        "interests/index.html",
        follow=["interests:narrowed"],
        interests=interest_page(member, filters, asked.strip()),
        filters=filters,
        asked=asked,
        **looks(INTERESTS),
    )


@bp.get("/<port>/clients/<int:number>/interests")
@requires("interests.view")
def index_of_client(number: int) -> ResponseReturnValue:
    client = find_or_404(Client.numbered(number, member).options(joinedload(Client.owner)))
    follow = [f"client:{number}", "interests:narrowed"]
    return page("interests/of_client.html", follow=follow, client=client, rows=of_client(client))


@bp.get(f"{PLACE}/choices")
@requires("interests.view")
def index_choices() -> ResponseReturnValue:
    """What a field for a berth offers as somebody types; with `?interest=` what is recommended for that one first."""
    typed = request.args.get("berth", "").replace("\x00", "")[:LONGEST]
    interest = one_numbered(Interest, Interest.visible_to(member), request.args.get("interest"))
    best = offered(interest, typed) if interest else []
    named = berths_named(typed) if typed.strip() else []
    ids = {one.berth_id for one in best}
    return render_template("interests/_choices.html", best=best, berths=[one for one in named if one.id not in ids])


@bp.get(f"{PLACE}/new")
@requires("interests.create")
def new() -> ResponseReturnValue:
    """`?client=` names who wants a berth, for links from a client's page; `?berth=` which."""
    form = NewInterestForm(formdata=None, data={"currency": member.here().currency})
    for name, called in (("client", "full_name"), ("vessel", "name"), ("berth", "name")):
        asked = request.args.get(name, "")
        found = form[name].find(asked) if asked else []
        form[name].data = f"{getattr(found[0], called)} · {found[0].number}" if found else ""
    return page("interests/new.html", form=form)


@bp.post(PLACE)
@requires("interests.create")
@once
def create() -> ResponseReturnValue:
    form = NewInterestForm()
    if not form.validate():
        return page("interests/new.html", 422, form=form)
    interest = Interest.create(form.client.record, form.own(), by=member, berth=form.berth.record, owner_id=member.id)
    said(_("%(name)s was added", name=interest.name))
    return go("interests.show", number=interest.number)


@bp.get(f"{PLACE}/<int:number>")
@requires("interests.view")
def show(number: int) -> ResponseReturnValue:
    return shown(find_or_404(by_number(number)))


def shown(interest: Interest, status: int = 200, **forms: Any) -> ResponseReturnValue:
    """`forms`: those that were sent and could not be acted on."""
    return page("interests/show.html", status, follow=[f"interest:{interest.number}"], **(detail(interest) | forms))


def detail(interest: Interest) -> dict[str, Any]:
    """What the page shows: nine statements beside those of who asks and of the interest."""
    given = {"owner": str(interest.owner_id or "")}
    lead = {"lead": interest.lead_category if interest.is_lead_set else ""}
    deposits = db.session.scalars(Deposit.of(interest)).all()
    documents = db.session.scalars(Document.of_interest(interest.id)).all()
    held = hold_of(interest)
    return {
        "interest": interest,
        "next": next_of(interest, Papers.among(interest, documents, deposits)),
        "misfit": misfit_of(interest),
        # What is signed or paid for is kept for whoever did so.
        "wants_hold": interest.stage in EARNING and held is None,
        "changes": changes_of(interest),
        "deposits": deposits,
        "documents": documents,
        "held": held,
        "found": best_of(interest, card_of(interest, "recommendations")),
        **kept_about(interest, offers=member.can("interests.edit")),
        "note_form": NoteForm(formdata=None),
        "tag_form": AddTagForm(formdata=None),
        "timeline": timeline(interest.subject_type, interest.id, limit=LATEST),
        "assignee_form": AssigneeForm(formdata=None, data=given),
        "lead_form": LeadForm(formdata=None, data=lead),
        "berth_form": BerthForm(formdata=None),
        "hold_form": HoldForm(formdata=None).fill(held),
        "outcome_form": OutcomeForm(formdata=None),
        "deposit_form": DepositForm(formdata=None, data={"currency": interest.currency, "received_on": today()}),
    }


def next_of(interest: Interest, papers: Papers) -> tuple[Stage, list[Missing]] | None:
    """The stage that comes next, and what it still asks for; None once the interest is over."""
    if not interest.is_open or interest.stage == Stage.COMPLETED:
        return None
    to = STAGES[STAGES.index(Stage(interest.stage)) + 1]
    return to, missing(interest, to, papers=papers, port=member.here())


def misfit_of(interest: Interest) -> list[str]:
    """Why the boat does not fit on the berth that is linked."""
    return fit_on(interest.berth, interest, member.here()).reasons if interest.berth and interest.is_open else []


@bp.get(f"{PLACE}/<int:number>/edit")
@requires("interests.edit")
def edit(number: int) -> ResponseReturnValue:
    interest = unarchived(find_or_404(by_number(number)))
    form = InterestForm(formdata=None, obj=interest)
    form.open(interest)
    return page("interests/edit.html", interest=interest, form=form, clashes=[], merged=[])


@bp.put(f"{PLACE}/<int:number>")
@requires("interests.edit")
def update(number: int) -> ResponseReturnValue:
    interest = unarchived(locked(number))
    form = InterestForm(obj=interest)
    if not form.validate():
        return page("interests/edit.html", 422, interest=interest, form=form, clashes=[], merged=[])
    edit = form.compare(interest)
    if edit.clashes:
        return page("interests/edit.html", 409, interest=interest, form=form, clashes=edit.clashes, merged=edit.merged)
    interest.update(form.written(edit.changes), by=member)
    said(edit.told(_("Interest saved")))
    return go("interests.show", number=number, list=kept_list())


@bp.get(f"{PLACE}/<int:number>/events")
@requires("interests.view")
def index_events(number: int) -> ResponseReturnValue:
    """The whole timeline, by pages."""
    interest = find_or_404(by_number(number))
    entries = timeline(interest.subject_type, interest.id, limit=51, before=request.args.get("before", type=UUID))
    return page(
        "interests/events.html",
        follow=[f"interest:{number}"],
        interest=interest,
        timeline=entries[:50],
        older=entries[49].id if len(entries) > 50 else None,
    )

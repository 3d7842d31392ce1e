"""The berths that suit an interest, naming one by hand, “not this one”; and the interests that may want a berth."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from ...berths.models import Berth, Dock
from ...current import member
from ...numbers import has_number
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..models import Interest
from ..views.interests import by_number, locked, unarchived
from .finding import Candidate, find
from .forms import RecommendationForm
from .labels import reason_words
from .models import Recommendation
from .queries import ON_PAGE, found_of, said_of, wanting
from .wish import Wish

bp = Blueprint("recommendations", __name__)
PLACE = "/<port>/interests/<int:number>/recommendations"


def berth_numbered(number: int) -> Berth:
    place = joinedload(Berth.dock).joinedload(Dock.harbour)
    return find_or_404(Berth.visible_to(member).where(has_number(Berth, number)).options(place))


def shown(interest: Interest, form: RecommendationForm, status: int = 200) -> ResponseReturnValue:
    """Looked for anew: the card tells of the last time."""
    said_before, wish = said_of(interest), Wish.of(interest, member.here())
    found = find(wish, named=list(said_before), most=ON_PAGE)
    about: dict[str, Any] = {"wish": wish, "shown": found_of(found.best, said_before), "suiting": found.suiting}
    follow = [f"interest:{interest.number}"]
    return page("interests/recommendations/index.html", status, follow=follow, interest=interest, form=form, **about)


@bp.get(PLACE)
@requires("interests.view")
def index(number: int) -> ResponseReturnValue:
    return shown(find_or_404(by_number(number)), RecommendationForm(formdata=None))


@bp.post(PLACE)
@requires("interests.edit")
@once
def create(number: int) -> ResponseReturnValue:
    interest, form = unarchived(locked(number)), RecommendationForm()
    if not form.validate():
        return shown(interest, form, 422)
    berth = form.berth.record
    one = candidate_of(interest, berth)
    if one is None or not (one.suits or (form.anyway.data and member.can("berths.edit"))):
        form.berth.errors = [why_not(one)]
        return shown(interest, form, 409)
    if Recommendation.recommend(interest, berth, str(form.note.data), by=member, score=one.score):
        said(_("Berth %(name)s was recommended", name=berth.name))
    return go("recommendations.index", number=number)


def candidate_of(interest: Interest, berth: Berth) -> Candidate | None:
    """How well one berth suits; None where nobody can say."""
    found = find(Wish.of(interest, member.here()), named=[berth.id], most=0)
    return found.best[0] if found.best else None


def why_not(one: Candidate | None) -> str:
    if one is None:
        return _("Nobody can say whether it suits: say first what is wanted.")
    return " ".join([_("It does not suit: %(why)s.", why=reason_words(one.reasons[0])), *one.fit.reasons])


@bp.post(f"{PLACE}/<int:berth>/dismissal")
@requires("interests.edit")
def create_dismissal(number: int, berth: int) -> ResponseReturnValue:
    interest, found = unarchived(locked(number)), berth_numbered(berth)
    if Recommendation.dismiss(interest, found, by=member):
        said(_("%(name)s is no longer recommended", name=found.name))
    return back(number)


@bp.delete(f"{PLACE}/<int:berth>/dismissal")
@requires("interests.edit")
def destroy_dismissal(number: int, berth: int) -> ResponseReturnValue:
    interest, found = unarchived(locked(number)), berth_numbered(berth)
    if Recommendation.bring_back(interest, found, by=member):
        said(_("%(name)s is recommended again", name=found.name))
    return back(number)


def back(number: int) -> ResponseReturnValue:
    """To the page of all, or to the interest."""
    return go("recommendations.index" if request.args.get("from") == "all" else "interests.show", number=number)


@bp.get("/<port>/berths/<int:number>/interests")
@requires("interests.view")
def index_of_berth(number: int) -> ResponseReturnValue:
    berth = berth_numbered(number)
    return page(
        "interests/recommendations/of_berth.html", follow=[f"berth:{number}"], berth=berth, found=wanting(berth)
    )

"""The pages of berths, docks and harbours; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("berths", __name__)

from ...bulk_edits.views import bulk_edits_of
from ...exports.views import exports_of
from ...imports.views import imports_of
from ...saved_views.views import keeps_views
from ..bulk_edits import BerthsInBulk
from ..imports.kind import Berths
from ..listing import BERTHS
from ..outgoing import BerthsOut
from ..stay_listing import StaysOut

PLACE = "/<port>/berths"

imports_of(bp, Berths(), place=PLACE)
keeps_views(bp, BERTHS, place=PLACE)
exports_of(bp, BerthsOut(), place=PLACE)
bulk_edits_of(bp, BerthsInBulk(), place=PLACE)
exports_of(bp, StaysOut(), place="/<port>/stays")

from ..map import arranging, plans
from ..map import views as map_views
from ..overview import views as overview_views
from . import (
    absences,
    archivals,
    attendances,
    berths,
    board,
    calendar,
    docks,
    harbours,
    maintenance,
    occupancies,
    relocations,
    sightings,
    statuses,
    stays,
    suggestions,
    tags,
)

"""The pages of berths, docks and harbours; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("berths", __name__)

from ...exports.views import exports_of
from ...imports.views import imports_of
from ..imports.kind import Berths
from ..listing import StaysOut

imports_of(bp, Berths(), place="/<port>/berths")
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

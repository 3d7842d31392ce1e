"""The pages of berths, docks and harbours; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("berths", __name__)

from ...imports.views import imports_of
from ..imports.kind import Berths

imports_of(bp, Berths(), place="/<port>/berths")

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

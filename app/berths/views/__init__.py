"""The pages of berths, docks and harbours; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("berths", __name__)

from . import (
    absences,
    archivals,
    attendances,
    berths,
    board,
    bp,
    calendar,
    docks,
    erths,
    from,
    harbours,
    import,
    imports,
    imports_of,
    kind,
    maintenance,
    occupancies,
    place,
    port,
    relocations,
    sightings,
    statuses,
    stays,
    suggestions,
    views,
)

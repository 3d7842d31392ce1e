"""The pages of interests; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("interests", __name__)
PLACE = "/<port>/interests"

from ...exports.views import exports_of
from ...saved_views.views import keeps_views
from ..listing import INTERESTS, InterestsOut

exports_of(bp, InterestsOut(), place=PLACE)
keeps_views(bp, INTERESTS, place=PLACE)

from . import acts, documents, interests, notes, tags

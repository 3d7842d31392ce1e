"""The pages of interests; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("interests", __name__)
PLACE = "/<port>/interests"

from ...bulk_edits.views import bulk_edits_of
from ...exports.views import exports_of
from ...saved_views.views import keeps_views
from ..bulk_edits import InterestsInBulk
from ..listing import INTERESTS, InterestsOut

exports_of(bp, InterestsOut(), place=PLACE)
bulk_edits_of(bp, InterestsInBulk(), place=PLACE)
keeps_views(bp, INTERESTS, place=PLACE)

from . import acts, documents, interests, notes, tags

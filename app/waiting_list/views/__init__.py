"""The pages of waiting lists; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("waiting_list", __name__)

from ...imports.views import imports_of
from ..imports.kind import WaitingLists

imports_of(bp, WaitingLists(), place="/<port>/waiting-lists")

from . import answers, entries, lists, offers

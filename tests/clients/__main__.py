"""`python -m tests.clients COUNT`: a worker that takes so many records at once where the product takes a thousand."""

import sys

import app.berths.models  # noqa: F401  (what custom fields refer to)
import worker
from app.bulk_edits import editing
from app.changes import jobs as changes
from app.imports import jobs as imports

count = int(sys.argv[1])
editing.AT_ONCE = imports.CHECKED_AT_ONCE = imports.LET_IN_AT_ONCE = count
changes.AT_ONCE = count // 2
worker.main()

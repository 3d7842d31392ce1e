"""`python -m tests.jobs COUNT`: a worker that knows the jobs of labours.py. Its lease is short, and its
children are replaced after COUNT jobs."""

import sys
from datetime import timedelta

import tests.jobs.labours  # noqa: F401  (registers its jobs)
import worker
from app import jobs

jobs.LEASE = timedelta(seconds=1)
worker.JOBS_EACH = int(sys.argv[1])
worker.main()

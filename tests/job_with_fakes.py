"""A worker as the dispatcher starts it, with fakes for models: ``job_with_fakes.py [PAUSE_S [breaks]] DATA JOB``."""

from __future__ import annotations

import os
import sys

from job_samples import makers
from secondlook.server.work import job

if __name__ == "__main__":
    *own, data, id_ = sys.argv[1:]
    if "breaks" in own:
        os.abort()
    sys.exit(job.main([data, id_], makers(float(own[0]) if own else 0.0)))

"""A worker as the dispatcher starts it, with fakes for models: ``job_with_fakes.py [PAUSE_S] DATA JOB``, or one that breaks."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    *own, data, id_ = sys.argv[1:]
    if "breaks" in own:
        os.abort()
    from job_samples import makers
    from secondlook.server.work import job

    sys.exit(job.main([data, id_], makers(float(own[0]) if own else 0.0)))

"""From folders of pictures to references: who is enrolled with which face, and why a picture was not taken.

pictures -> faces -> one face meant -> good enough? -> whose? -> gallery
"""

from secondlook.enrolling.judging import Judged, judge
from secondlook.enrolling.looking import EnrolOptions, Look, Usable, look
from secondlook.enrolling.people import Enrolment, enrolments
from secondlook.enrolling.run import enrol

__all__ = ["EnrolOptions", "Enrolment", "Judged", "Look", "Usable", "enrol", "enrolments", "judge", "look"]

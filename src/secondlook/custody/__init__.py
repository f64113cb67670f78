"""Custody: what was done here and why, in a log that cannot be changed unseen; erasure; backups."""

from secondlook.custody.log import CustodyLog
from secondlook.custody.policy import Demand, Policy, read_policy
from secondlook.custody.recording import gallery_log, os_actor, refuse_names
from secondlook.custody.signing import KeyFolder
from secondlook.custody.verifying import Broken, Verified, verify

__all__ = [
    "Broken",
    "CustodyLog",
    "Demand",
    "KeyFolder",
    "Policy",
    "Verified",
    "gallery_log",
    "os_actor",
    "read_policy",
    "refuse_names",
    "verify",
]

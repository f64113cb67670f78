"""Custody: what was done here and why, in a log that cannot be changed unseen; erasure; backups."""

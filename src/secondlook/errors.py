"""Everything Second Look raises on purpose. Each message is one sentence that says what to do.

SecondLookError
├── SourceError            a picture or video cannot be read (names the file)
│   ├── UnsupportedSource    not a picture or video we decode
│   └── SourceTooLarge       larger than the limit for decoding
├── PackError              a model file, its card or its download
│   ├── PackMissing          weights are not installed
│   ├── PackCorrupt          checksum, format or card is wrong
│   └── PackMismatch         templates of two packs would have been compared
├── GalleryError
│   ├── GalleryMissing       there is no gallery at that place
│   ├── GalleryVersion       written by another version
│   ├── GalleryLocked        the key is missing or wrong
│   ├── UnknownSubject
│   ├── SubjectExists
│   └── SubjectErased        once removed, nobody is enrolled under that id again
├── CalibrationError
│   └── CalibrationStale     the gallery has outgrown what was calibrated
├── ServiceError           what the service will not do for the one who asks
│   ├── NotSignedIn          nobody is known to be asking
│   ├── Forbidden            this role may not
│   ├── NotFound             there is no such thing, or not for the one who asks
│   ├── Conflict             it was changed meanwhile, or is there already
│   ├── Invalid              what was sent cannot be used
│   ├── TooLarge             more was sent than is taken
│   └── TooMany              too often; says when to come again
├── CustodyError           the log, the reasons it asks for, an erasure
│   ├── ReasonMissing        the gallery asks for a purpose or a case number
│   ├── LogUnusable          the log is not there, is damaged, or its signing key is missing
│   └── BackupError          a backup that cannot be made or restored
│       ├── BackupDamaged      the archive, or the file of keys, is not whole
│       └── BackupVersion      written by a newer Second Look
├── ClusterError           other machines cannot be reached, or cannot do what this one can
├── OutputError            a result cannot be written (disk full, no permission)
└── ExtraMissing           an optional part is not installed (names the extra)
"""

from __future__ import annotations


class SecondLookError(Exception):
    """Root of everything raised on purpose."""


class SourceError(SecondLookError):
    pass


class UnsupportedSource(SourceError):
    pass


class SourceTooLarge(SourceError):
    pass


class PackError(SecondLookError):
    pass


class PackMissing(PackError):
    pass


class PackCorrupt(PackError):
    pass


class PackMismatch(PackError):
    pass


class GalleryError(SecondLookError):
    pass


class GalleryMissing(GalleryError):
    pass


class GalleryVersion(GalleryError):
    pass


class GalleryLocked(GalleryError):
    pass


class UnknownSubject(GalleryError):
    pass


class SubjectExists(GalleryError):
    pass


class SubjectErased(GalleryError):
    pass


class CalibrationError(SecondLookError):
    pass


class CalibrationStale(CalibrationError):
    pass


class CustodyError(SecondLookError):
    pass


class ReasonMissing(CustodyError):
    pass


class LogUnusable(CustodyError):
    pass


class BackupError(CustodyError):
    pass


class BackupDamaged(BackupError):
    pass


class BackupVersion(BackupError):
    pass


class OutputError(SecondLookError):
    pass


class ClusterError(SecondLookError):
    pass


class ExtraMissing(SecondLookError):
    pass


class ServiceError(SecondLookError):
    pass


class NotSignedIn(ServiceError):
    pass


class Forbidden(ServiceError):
    pass


class NotFound(ServiceError):
    pass


class Conflict(ServiceError):
    pass


class Invalid(ServiceError):
    pass


class TooLarge(ServiceError):
    pass


class TooMany(ServiceError):
    """after_s: seconds after which it may be tried again."""

    def __init__(self, sentence: str, after_s: float) -> None:
        super().__init__(sentence)
        self.after_s = after_s

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
│   └── SubjectExists
├── CalibrationError
│   └── CalibrationStale     the gallery has outgrown what was calibrated
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


class CalibrationError(SecondLookError):
    pass


class CalibrationStale(CalibrationError):
    pass


class OutputError(SecondLookError):
    pass


class ExtraMissing(SecondLookError):
    pass

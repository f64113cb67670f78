"""Photographs, folders, video files and cameras, as ``Frame``.

``expand`` turns what the user named into a list of sources; ``read_photo`` and ``read_pictures`` read a photograph,
page by page where it has several; ``VideoFrames`` reads a video, ``CameraFrames`` a camera; ``picture_from`` is the
door for what is in memory.
"""

from secondlook.sources.cameras import CameraAddress, CameraFrames, CameraState, camera_address, is_camera
from secondlook.sources.folders import Problem, Problems, Source, Sources, expand
from secondlook.sources.kinds import SourceKind
from secondlook.sources.memory import Picture, picture_from
from secondlook.sources.photos import MAX_PIXELS, read_photo, read_pictures
from secondlook.sources.video import VideoFrames

__all__ = [
    "MAX_PIXELS",
    "CameraAddress",
    "CameraFrames",
    "CameraState",
    "Picture",
    "Problem",
    "Problems",
    "Source",
    "SourceKind",
    "Sources",
    "VideoFrames",
    "camera_address",
    "expand",
    "is_camera",
    "picture_from",
    "read_photo",
    "read_pictures",
]

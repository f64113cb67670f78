"""A service spoken to from Python.

from secondlook.client import Client

with Client("https://station.example", key) as station:
    for face in station.search(Path("crowd.jpg"), purpose="a lost child"):
        print(face.outcome, face.grounds["sentence"])
"""

from secondlook.client.answers import Enrolled, Face, Job, Picture, Sighting, Subject, Upload
from secondlook.client.connection import Client, Refused

__all__ = ["Client", "Enrolled", "Face", "Job", "Picture", "Refused", "Sighting", "Subject", "Upload"]

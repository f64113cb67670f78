"""Results for people and machines.

sightings: ``sightings.jsonl``, one line a sighting, a documented schema (``docs/sightings.md``).
paths: ``paths.jsonl``, where everybody of a video was, for drawing. crops: ``crops/<id>.jpg``.
annotate, video: marked pictures and videos. page: ``report.html``, one file that needs no network and no script.
"""

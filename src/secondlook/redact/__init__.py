"""Keeping everybody else anonymous: what is covered, in which moment, how, and what of a file is left behind.

``cover`` changes pixels, ``moments`` says where in each frame of a video, ``photo`` and ``video`` write the copies,
``record`` keeps what was done.
"""

"""A run on many machines: they look, and this one follows, searches and decides as it would alone.

``on_ray`` is the door. Machines are given files, and parts of videos, and give back faces: where they are, how good, and of
those that count the template. Who is enrolled never leaves this machine.
"""

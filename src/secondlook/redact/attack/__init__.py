"""The other side: whoever wants to know who is under a cover, with the same detector and recogniser that we have.

``shots`` are faces before and after; ``restoring`` undoes covers; ``looking`` makes templates of what is then seen;
``searching`` and ``linking`` use them; ``detecting`` looks for faces that were left; ``leftovers`` reads the files.
"""

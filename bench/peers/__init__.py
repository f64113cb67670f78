"""Second Look and its peers over the same pictures on the same cores, by turns; what comes out is bench/RESULTS.md.

Each contestant runs in a process of its own and, where it needs other versions of what we use, in an environment of its own.
"""

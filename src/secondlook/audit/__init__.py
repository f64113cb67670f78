"""How often a system is wrong, and for whom: protocols, measures with intervals, groups, advice. Plain numpy."""

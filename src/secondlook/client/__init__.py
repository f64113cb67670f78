"""A service spoken to from Python."""

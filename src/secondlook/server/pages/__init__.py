"""The acts for people, in a browser."""

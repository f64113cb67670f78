"""A second look: people compare the faces blind before anybody believes a candidate."""

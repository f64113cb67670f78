"""The acts over HTTP: FastAPI, problem+json, pages of lists, keys against doing things twice."""

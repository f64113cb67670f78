"""How far a face gives away who it is, to somebody who holds pictures of many people."""

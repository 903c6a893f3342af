"""Invented services with invented people, for the demo and the benches. Nothing here knows how matching works."""

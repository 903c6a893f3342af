"""Aircraft kept apart: volumes of airspace in time, what conflicts, and how two sides find out without showing their plans."""

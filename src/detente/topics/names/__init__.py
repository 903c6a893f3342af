"""Names of persons: romanising, parts, codes, given-name classes, frequencies."""

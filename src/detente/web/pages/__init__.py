"""The pages, one subject a module. Each module's PAGES says what it answers, and who may ask."""

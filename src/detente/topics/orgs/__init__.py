"""Names of organisations: legal forms, common words, public aliases of armed and listed groups."""

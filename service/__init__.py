"""HTTP: routes over the store."""

"""The truth, in SQL: the only room that writes it."""

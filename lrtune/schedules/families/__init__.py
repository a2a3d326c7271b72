"""The schedule families, one file each: the row of the table, and the family laid over a horizon."""

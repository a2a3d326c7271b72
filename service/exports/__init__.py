"""A job as a file to take away: JSON, CSV, an Optuna study, a report to read."""

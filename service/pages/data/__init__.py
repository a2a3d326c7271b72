"""What the charts draw, as JSON: bounded whatever the job's size, and fetched when a chart is looked at."""

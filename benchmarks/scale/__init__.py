"""A fleet of many workers whose trainers sleep: what the database, the server and the queue make of it."""

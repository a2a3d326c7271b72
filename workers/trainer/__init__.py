"""The child process that loads torch and the user's code; it sees no database and no secret."""

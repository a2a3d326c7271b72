"""The Dockerfile and docker-compose.yml, looked over and run without Docker."""

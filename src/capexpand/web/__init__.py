"""The web application: cases explored, runs as jobs, users, and the same as JSON."""

"""Case files: what a user declares, read and checked."""

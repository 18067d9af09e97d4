"""Run folders: what a run was made from and what it found out, written whole or not at all."""

"""Sweeps: a case planned at many points of a box, certified brackets between them, and what decides."""

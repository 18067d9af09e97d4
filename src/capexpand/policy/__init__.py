"""Policies under uncertainty: trained on a lattice, followed through fresh scenarios, beside its rivals."""

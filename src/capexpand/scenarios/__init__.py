"""Possible futures: processes compiled to factors, scenarios drawn from them, and the lattice made of those."""

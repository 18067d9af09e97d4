"""Possible futures: processes become factors, scenarios are drawn, a lattice is made of them."""

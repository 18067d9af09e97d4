"""The sampled futures of a case: scenarios, fan charts, and the lattice made of them."""

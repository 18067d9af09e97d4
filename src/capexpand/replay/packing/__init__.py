"""Pack tasks that ask for shares of accelerators, as they arrive, and watch what the packing strands."""

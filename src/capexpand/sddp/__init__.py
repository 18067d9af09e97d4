"""A general engine for multistage stochastic linear programs: reading, training, simulating, checking."""

"""Programmes side by side, on one yardstick: what the money buys, what a unit costs, what must come back."""

"""Solves the formulation: the optimal plan, the naive one, and what each limit is worth."""

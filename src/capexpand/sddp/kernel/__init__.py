"""The stage solver: a dual simplex compiled with Numba, its factors and its certificate."""

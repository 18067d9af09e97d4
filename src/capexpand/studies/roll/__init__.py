"""A plan rolled forward from what stands and was observed, and the chain of such plans."""

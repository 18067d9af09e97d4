"""Throughput of chips in serving and training, computed from specifications, and the export rules on them."""

"""Replay real traces on a fleet: what utilisation, queueing and service it really reaches.

Jobs run on a cluster (``jobs``), tasks are packed on shares of accelerators (``packing``), requests to
language models are served by replicas (``serving``); ``sources`` reads the traces. ``derating`` says what
share of a fleet a trace can use, ``sizing`` finds the cheapest fleet that keeps a promise.
"""

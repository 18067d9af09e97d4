"""Replay requests to language models on replicas with continuous batching."""

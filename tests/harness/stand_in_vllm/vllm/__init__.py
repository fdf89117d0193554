"""Stands in for vLLM: Inspect's provider ``vllm/`` imports it before it starts a server."""

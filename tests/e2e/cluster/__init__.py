"""A real one-node Kubernetes for tests."""

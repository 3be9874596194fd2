"""A simulated site behind the same ports: real registries, bytes and digests on loopback, a described cluster."""

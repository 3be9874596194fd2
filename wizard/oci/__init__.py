"""OCI: references, descriptors, authentication, the transport, copying, layouts, the resolver and a registry server."""

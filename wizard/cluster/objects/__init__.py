"""What is put into a cluster, as data: pure functions that return Kubernetes objects."""

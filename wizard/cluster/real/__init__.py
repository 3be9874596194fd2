"""The real adapter behind `wizard.cluster.port`: the Kubernetes API through the official client."""

"""What is seen from inside a cluster: probe pods, the scratch namespace they live in, and the probe's words."""

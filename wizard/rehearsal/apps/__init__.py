"""What runs in simulated containers: gateway, bridge, Ollama, OpenCost, DNS and the probe."""

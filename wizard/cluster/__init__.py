"""Kubernetes: the port that steps, facts and probes use, its real adapter, Helm, the chart and its values."""

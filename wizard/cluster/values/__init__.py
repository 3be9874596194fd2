"""The values file: written from answers and recorded digests, recognised when edited, checked against the chart."""

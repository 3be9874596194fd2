"""Known defects of the chart, each mended in a copy of it: one file a fix, `registry.py` lists them."""

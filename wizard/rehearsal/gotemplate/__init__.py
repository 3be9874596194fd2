"""Go's text/template with the functions that charts use: enough to render a real chart without the real Helm.

Source: the documentation of Go's text/template, of sprig, and Helm's "Template Functions" appendix.
"""

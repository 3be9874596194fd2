"""Diagnosis: from a frozen scene to ranked causes. Pure: nothing here asks the world anything.

A scene is the same whether it was gathered a moment ago, from a run folder, or from a bundle that was carried out of a
site last week; so is what is said of it.
"""

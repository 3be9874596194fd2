"""Provoke everything, and write docs/diagnosis.md."""

import sys
import tempfile
from pathlib import Path

from tests.diagnosis import table
from tests.diagnosis.provocations import PROVOCATIONS
from tests.diagnosis.provoke import provoke
from tests.diagnosis.site import diagnosed, names

named = {}
for name, p in PROVOCATIONS.items():
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        named[name] = provoke(p.path(where), where, p.only, p.sets, after=p.after).first
    sys.stderr.write(
        f"{name}: {named[name] or 'none'}{'' if named[name] == p.first else '   NOT ' + p.first}\n"
    )
for name in names():
    causes = diagnosed(name).causes
    named[f"case {name}"] = causes[0].code if causes else ""
table.DOCUMENT.write_text(table.text(named), encoding="utf-8")

"""Everything that is broken side by side."""

from tests.e2e.broken.case import Broken
from tests.e2e.broken.placing import PLACING
from tests.e2e.broken.pulls import PULLS
from tests.e2e.broken.working import WORKING

BROKEN: dict[str, Broken] = {**PULLS, **PLACING, **WORKING}

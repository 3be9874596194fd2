"""A complaint: one thing in the values or in what they render to that must not go on, with its place."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from wizard.engine.problems import Problem, Remedy


@dataclass(frozen=True, slots=True)
class Complaint:
    """`rule` is a kebab-case id, `where` FILE:LINE, `text` what is wrong, `expected` what would be right."""

    rule: str
    where: str
    text: str
    expected: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" + (f"; {self.expected}" if self.expected else "")

    @property
    def order(self) -> tuple[str, int]:
        """File, then line: as somebody mends them."""
        file, _, line = self.where.rpartition(":")
        return (file, int(line)) if line.isdigit() else (self.where, 0)


def refuse(complaints: Sequence[Complaint]) -> None:
    """Raises Problem `values-refused` (exit 2) with every complaint at once; nothing where there is none."""
    if not complaints:
        return
    count = len(complaints)
    complaints = sorted(complaints, key=lambda complaint: complaint.order)
    raise Problem(
        "values-refused",
        f"the values cannot be used: {count} fault{'s' if count > 1 else ''}",
        detail="\n".join(str(complaint) for complaint in complaints),
        remedies=(
            Remedy(
                "mend each line above, then check again",
                "airgap-wizard values --answers-file F --check",
            ),
        ),
        evidence={"faults": [asdict(complaint) for complaint in complaints]},
        exit_code=2,
    )

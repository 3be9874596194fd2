"""`proof`: how the finished install is proved."""

from dataclasses import dataclass

from wizard.answers.checks import host_port, question
from wizard.answers.declare import ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Proof: the question asked, and the addresses that must not be reached."""

    question: str = ask(
        "Question",
        why="asked for real after the install",
        example="what did i spend yesterday?",
        default="what did i spend yesterday?",
        check=question,
        seed="S1.36",
    )
    expect: str = ask(
        "Answer holds",
        why="a text that only OpenCost can know; the strongest proof that it was asked",
        example="namespace kube-system",
        default="",
    )
    outside: tuple[str, ...] = ask(
        "Outside addresses",
        why="HOST:PORT pairs that every component is tried against; reaching any of them fails the install",
        example=("1.1.1.1:443", "[2606:4700:4700::1111]:443"),
        default=(
            "1.1.1.1:443",
            "[2606:4700:4700::1111]:443",
            "169.254.169.254:80",
            "registry-1.docker.io:443",
        ),
        check=host_port,
        seed="S1.38",
    )

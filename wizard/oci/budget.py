"""How much happens at a time: a few large transfers, and many small questions, which only wait for the network."""

from concurrent.futures import Executor, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from wizard.oci.descriptor import Descriptor

SMALL = 1024 * 1024
"""Bytes up to which a blob costs more in round trips than in transfer."""
_RATIO = 4


class Budget:
    """Two pools of threads: `jobs` for large blobs, four times as many for manifests, questions and small blobs.

    Tasks never wait for other tasks, so the pools cannot lock each other up.
    """

    def __init__(self, jobs: int) -> None:
        self.most = jobs * _RATIO
        self._large = ThreadPoolExecutor(jobs, "large")
        self.small: Executor = ThreadPoolExecutor(self.most, "small")

    def of(self, blob: Descriptor) -> Executor:
        """The pool that a blob belongs to."""
        return self.small if blob.size <= SMALL else self._large

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._large.shutdown(cancel_futures=error is not None)
        self.small.shutdown(cancel_futures=error is not None)

"""Memory over time: whether it grows once everything has been done once."""

from __future__ import annotations

__all__ = ["Gauge"]

import statistics
from dataclasses import dataclass, field

_WARM = 1 / 3  # of the time: pools, caches and the allocator's arenas fill up
_SHARE = 0.1
_LEAST = 8 * 1024**2  # bytes: an allocator's steps


@dataclass(slots=True)
class Gauge:
    """What one program had, by the seconds since the beginning."""

    samples: list[tuple[float, int]] = field(default_factory=list)

    def note(self, seconds: float, size: int) -> None:
        """So many bytes at that time."""
        if size:
            self.samples.append((seconds, size))

    @property
    def warm(self) -> list[tuple[float, int]]:
        """The samples after the warm-up."""
        last = self.samples[-1][0] if self.samples else 0.0
        return [(at, size) for at, size in self.samples if at >= last * _WARM]

    @property
    def begin(self) -> float:
        """Bytes after the warm-up, on the line through all samples since."""
        return self._line[0]

    @property
    def growth(self) -> float:
        """Bytes more at the end of that line than at its beginning."""
        return self._line[1] - self._line[0]

    @property
    def allowed(self) -> float:
        """What that may be."""
        return max(_LEAST, _SHARE * self.begin)

    @property
    def _line(self) -> tuple[float, float]:
        times, sizes = zip(*self.warm, strict=True) if len(self.warm) > 1 else ((0.0, 1.0), (0, 0))
        slope, intercept = statistics.linear_regression(times, sizes)
        return intercept + slope * times[0], intercept + slope * times[-1]

"""One person's shift of today with its breaks, and where a break may be moved to. No numpy: web nodes check moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scheduler.presence import Presence

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class OnShift:
    """One person's shift in seconds of the day, with breaks inside. `longest_s`: of a stretch without a break."""

    who: str
    start_s: float
    end_s: float
    breaks: tuple[Span, ...] = ()
    longest_s: float = 7_200.0

    def presence(self, from_s: float) -> Presence | None:
        """Return when this person is on the floor from `from_s` on; None when not any more."""
        edges = [self.start_s, *(edge for one in self.breaks for edge in one), self.end_s]
        spans = [(max(a, from_s), b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > max(a, from_s)]
        return Presence(tuple(spans)) if spans else None

    @property
    def stretches(self) -> tuple[float, ...]:
        """The lengths of work between breaks, in seconds."""
        edges = [self.start_s, *(edge for one in self.breaks for edge in one), self.end_s]
        return tuple(b - a for a, b in zip(edges[::2], edges[1::2], strict=True))


def allowed(one: OnShift, old: Span, new: Span) -> bool:
    """Tell whether a break may lie elsewhere: as long as before, apart from the others, and no stretch too long."""
    if old not in one.breaks or abs((new[1] - new[0]) - (old[1] - old[0])) > 1e-6:
        return False
    moved = moved_break(one, old, new)
    limit_s = max(one.longest_s, *one.stretches)  # what the roster itself has may stay, and gets no longer
    return all(0 < stretch <= limit_s for stretch in moved.stretches)


def moved_break(one: OnShift, old: Span, new: Span) -> OnShift:
    """Return the shift with a break at another time."""
    return replace(one, breaks=tuple(sorted(new if each == old else each for each in one.breaks)))

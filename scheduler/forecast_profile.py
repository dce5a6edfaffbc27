"""The shape of a day: which part of its calls comes in which slot, for each weekday.

All weekdays share one smooth shape, and each may differ from it as far as its own counts say so. With a handful of
calls a day that is the common shape; with thousands it is the weekday's own. Day totals are taken as given here
(how busy a day is, is `scheduler.forecast_level`'s matter), so a busy week does not bend the shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.forecast_spread import spread_of
from scheduler.gaussian import Array, fit, most_likely
from scheduler.history import DAY_S, Floats, Ints

_WEEKDAYS = 7
_ROUNDS = 2
_CELLS_OF_PRIOR = 60
_SMALLEST_SHARE = 1e-6
# (usual size, how sure, smallest, largest) of: how far shares move, over how many hours, and slot by slot.
_COMMON = ((0.7, 1.0, 0.1, 3.0), (2.0, 1.0, 0.5, 12.0), (0.1, 1.5, 0.002, 1.0))
_OWN = ((0.05, 1.0, 0.003, 1.0), (2.0, 1.0, 0.5, 12.0), (0.03, 1.0, 0.003, 0.5))

Scales = Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Profile:
    """Shares of a day's calls by weekday and slot.

    `share`: shape (7, slots), summing to 1 over the slots that were ever open. `variance`: how uncertain each share is,
    as variance over the share squared; shape (7, slots). `spread`: how far the counts of each slot scatter beyond
    Poisson, given the day's total; shape (slots,).
    """

    share: Floats
    variance: Floats
    spread: Floats
    scales: Scales


def learn_profile(calls: Floats, exposure: Floats, weekday: Ints, scales: Scales | None = None) -> Profile:
    """Learn the shape of the day.

    `calls` and `exposure`: shape (days, slots), exposure 0 where nothing may be learned. `weekday`: shape (days,).
    `scales`: sizes from an earlier fit, which saves the search for them.
    """
    slots = calls.shape[1]
    opened = exposure.sum(axis=0) > 0
    share = np.tile(np.where(opened, 1.0 / max(opened.sum(), 1), _SMALLEST_SHARE), (_WEEKDAYS, 1))
    known = sorted(set(weekday.tolist()))
    spread, free = np.zeros(slots), 0.0
    scales = scales or None  # a fit without a single call has none
    found: Scales = scales or {}
    if not calls.any():
        return Profile(share, np.ones_like(share), spread, found)
    for round_number in range(_ROUNDS):
        busy = calls.sum(axis=1) / np.maximum((share[weekday] * exposure).sum(axis=1), _SMALLEST_SHARE)
        expected = busy[:, None] * exposure
        if round_number:
            # Each day's total was learned, and as many shares as the smoothing has left free.
            spread = _spread_by_slot(calls, expected * share[weekday], len(calls) + free)
        # Counts that scatter more than Poisson weigh less, by as much.
        weight = 1.0 / (1.0 + spread * _mean_count(calls, exposure))
        seen, due = calls * weight, expected * weight
        if scales is None:
            found = {"common": _search(_COMMON, [(seen.sum(0), due.sum(0))], opened)}
        log_common, common_variance = _smooth(found["common"], seen.sum(0), due.sum(0), opened, slots)
        by_weekday = {
            day: (seen[weekday == day].sum(0), due[weekday == day].sum(0) * np.exp(log_common)) for day in known
        }
        if scales is None:
            found = {**found, "own": _search(_OWN, list(by_weekday.values()), opened)}
        share = np.tile(np.exp(log_common), (_WEEKDAYS, 1))
        free = float((due.sum(0) * share[0] * common_variance)[opened].sum())
        variance = np.tile(common_variance + found["own"][0] ** 2 + found["own"][2] ** 2, (_WEEKDAYS, 1))
        for day, (own_seen, own_due) in by_weekday.items():
            log_own, own_variance = _smooth(found["own"], own_seen, own_due, opened, slots)
            share[day] = np.exp(log_common + log_own)
            variance[day] = own_variance
            free += float((own_due * np.exp(log_own) * own_variance)[opened].sum())
        share /= share[:, opened].sum(axis=1, keepdims=True)
    return Profile(share, variance, spread, found)


def _mean_count(calls: Floats, exposure: Floats) -> Floats:
    """Return the mean calls of each slot while open; shape (slots,)."""
    opened = exposure.sum(axis=0)
    return np.asarray(np.divide(calls.sum(axis=0), opened, out=np.zeros_like(opened), where=opened > 0))


def _spread_by_slot(calls: Floats, mean: Floats, learned: float) -> Floats:
    """Return the spread of each slot, from its own and its neighbours' counts as far as those suffice; (slots,).

    The first and last hours of a day scatter more than its middle. Where the day as a whole shows no spread beyond
    chance, what a single slot shows is chance too.
    """
    slots = calls.shape[1]
    whole = spread_of(calls, mean, learned)
    found = np.full(slots, whole)
    if whole == 0.0:
        return found
    cells = max(int((mean > 0).sum()), 1)
    for slot in np.flatnonzero(mean.any(axis=0)).tolist():
        near = [(slot + step) % slots for step in (-1, 0, 1)]
        own = int((mean[:, near] > 0).sum())
        local = spread_of(calls[:, near], mean[:, near], learned * own / cells)
        found[slot] = (own * local + _CELLS_OF_PRIOR * whole) / (own + _CELLS_OF_PRIOR)
    return found


def _kernel(sizes: Sequence[float], slots: int) -> Array:
    """Return the covariance of log shares around the clock: smooth over hours, and slot by slot; shape (slots,)*2."""
    smooth, hours, rough = sizes
    turn = np.abs(np.arange(slots)[:, None] - np.arange(slots)[None, :]) / slots
    # The chord through the clock face: midnight's neighbours are on both sides of it.
    apart = np.sqrt(3) * np.sin(np.pi * turn) / np.pi * (DAY_S / 3600) / hours
    return np.asarray(smooth**2 * (1 + apart) * np.exp(-apart) + rough**2 * np.eye(slots))


def _search(
    usual: Sequence[tuple[float, float, float, float]],
    groups: Sequence[tuple[Floats, Floats]],
    opened: NDArray[np.bool_],
) -> tuple[float, ...]:
    """Return the sizes that explain all `groups` of (counts, expectations) best, near the usual ones."""
    middle = np.log([one[0] for one in usual])
    sure = np.asarray([one[1] for one in usual])

    def score(logs: Array) -> float:
        kernel = _kernel(np.exp(logs).tolist(), len(opened))
        evidence = 0.0
        for counts, expected in groups:
            used = opened & (expected > 0)
            if used.any():
                evidence += fit(kernel[np.ix_(used, used)], counts[used], expected[used]).evidence
        return evidence - 0.5 * float((((logs - middle) / sure) ** 2).sum())

    low, high = np.log([one[2] for one in usual]), np.log([one[3] for one in usual])
    return tuple(np.exp(most_likely(score, middle.tolist(), low.tolist(), high.tolist())).tolist())


def _smooth(
    sizes: Sequence[float], counts: Floats, expected: Floats, opened: NDArray[np.bool_], slots: int
) -> tuple[Floats, Floats]:
    """Return log shares and their variance for every slot, those never open by their neighbours; shape (slots,)."""
    kernel = _kernel(sizes, slots)
    used = opened & (expected > 0)
    if not used.any():
        return np.zeros(slots), np.diag(kernel).copy()
    fitted = fit(kernel[np.ix_(used, used)], counts[used], expected[used])
    return fitted.predict(kernel[:, used], np.diag(kernel))

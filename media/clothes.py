"""The colours of clothes: who has come back to an empty place, and which of two people is in front."""

from __future__ import annotations

from typing import Final

import numpy as np

from media.body import Places
from media.hands import Colours
from media.person_colours import colour_indices, histogram, likeness
from media.segmenter import Alpha

LEAST_COMMON: Final = 80  # places where two bodies overlap, to tell who is in front
CLOTHES_EVERY: Final = 15  # pictures
_RENEWAL: Final = 0.2


class Clothes:
    """What the signer wears, as the share of each colour. For one thread at a time."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Know nothing."""
        self._worn: Alpha | None = None

    @property
    def known(self) -> bool:
        """Whether the signer's were ever seen."""
        return self._worn is not None

    def note(self, colours: Colours, core: Places, picture: int) -> None:
        """Take up the colours in `core`, head and trunk of the signer, in every 15th picture."""
        if self._worn is None:
            self._worn = _worn_at(colours, core)
        elif picture % CLOTHES_EVERY == 1:
            self._worn = self._worn + (_worn_at(colours, core) - self._worn) * np.float32(_RENEWAL)

    def likeness(self, colours: Colours, core: Places) -> float:
        """Return how much of them whoever fills `core` wears, 0..1; 0 while the signer's were never seen."""
        return 0.0 if self._worn is None else likeness(_worn_at(colours, core), self._worn)


def covering(colours: Colours, mine: Places, theirs: Places) -> float:
    """Return which share of what two bodies could both fill has the colours of the first; 0.5: nobody can tell."""
    both = mine & theirs
    if np.count_nonzero(both) < LEAST_COMMON:
        return 0.5
    indices = colour_indices(*colours)
    my_colours, their_colours = (histogram(indices, (place & ~both).astype(np.float32)) for place in (mine, theirs))
    likelier = my_colours - their_colours
    seen = likelier[indices[both]]
    return float((np.count_nonzero(seen > 0) + 1) / (np.count_nonzero(seen) + 2))


def _worn_at(colours: Colours, core: Places) -> Alpha:
    return histogram(colour_indices(*colours), core.astype(np.float32))

"""In which county everybody lives: what a register leaves behind as it is taken in, for as long as it stands."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monitor.matching.numbers import Keys


@dataclass(frozen=True)
class Residence:
    """The keys of all who live somewhere, in order, and the county of each (its place in ``counties``).

    Somebody in two households stands twice.
    """

    people: Keys
    places: npt.NDArray[np.int32]
    counties: list[str]

    @classmethod
    def of(cls, people: Keys, counties: pa.Array) -> "Residence":
        """Put ``people`` in order, each living in the county beside them."""
        order = np.argsort(people, kind="stable")
        coded = counties.dictionary_encode()
        return cls(people[order], coded.indices.to_numpy()[order], coded.dictionary.to_pylist())

    def count(self, asked: Keys) -> dict[str, int]:
        """Return how many households of ``asked``, each named once, lie in each county; none where nobody lives."""
        first, last = (np.searchsorted(self.people, asked, side=side).tolist() for side in ("left", "right"))
        at = np.fromiter((place for stretch in map(range, first, last) for place in stretch), np.int64)
        many = np.bincount(self.places[at], minlength=len(self.counties)).tolist()
        return {county: count for county, count in zip(self.counties, many, strict=True) if count}

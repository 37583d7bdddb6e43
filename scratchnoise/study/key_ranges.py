"""A set of keys that does not grow with the number of draws: keys that differ in one whole number share its ranges."""

from bisect import bisect_right


class KeyRanges:
    """A set of tuples with a whole number at `place`. Those that differ there alone share one list of ranges."""

    def __init__(self, place, bounds=None):
        """bounds: {what a key has beside the number: [first, end, first, end, ...]}, ends excluded and increasing."""
        self.place, self.bounds = place, {} if bounds is None else bounds

    def add(self, key):
        rest, number = self._split(key)
        bounds = self.bounds.setdefault(rest, [])
        i = bisect_right(bounds, number)
        if i % 2:
            return  # within a range
        after = i > 0 and bounds[i - 1] == number
        before = i < len(bounds) and bounds[i] == number + 1
        bounds[i - after : i + before] = [number] * (not after) + [number + 1] * (not before)

    def __contains__(self, key):
        rest, number = self._split(key)
        return bisect_right(self.bounds.get(rest, ()), number) % 2 == 1

    def __iter__(self):
        for rest, bounds in self.bounds.items():
            for first, end in zip(bounds[::2], bounds[1::2], strict=True):
                for number in range(first, end):
                    yield (*rest[: self.place], number, *rest[self.place :])

    def __len__(self):
        return sum(sum(bounds[1::2]) - sum(bounds[::2]) for bounds in self.bounds.values())

    def __eq__(self, other):
        return (self.place, self.bounds) == (other.place, other.bounds)

    def _split(self, key):
        return key[: self.place] + key[self.place + 1 :], key[self.place]

"""Figures with targets."""

import operator
from dataclasses import dataclass, field
from statistics import median

COMPARE = {"<": operator.lt, "<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True)
class Ratio:
    """A figure, its value in each round, and its target; `against` is a key of COMPARE."""

    name: str
    what: str
    values: list = field(default_factory=list)
    against: str = "<="
    target: float = 1.0
    unit: str = ""

    @property
    def middle(self):
        return median(self.values)

    @property
    def met(self):
        return COMPARE[self.against](self.middle, self.target)

    def spread(self):
        low, high = number(min(self.values)), number(max(self.values))
        return "" if low == high else f"{low} to {high}"

    def wanted(self):
        return f"{self.against} {number(self.target)}{self.unit}"

    def short(self):
        return f"{self.name} {number(self.middle)}{self.unit} ({self.wanted()}{'' if self.met else ', MISSED'})"

    def json(self):
        return {
            "name": self.name,
            "what": self.what,
            "median": round(self.middle, 4),
            "values": [round(value, 4) for value in self.values],
            "target": f"{self.against} {self.target:g}",
            "unit": self.unit.strip(),
            "met": self.met,
        }


def number(value):
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def of_rounds(above, below, key):
    """Returns the ratio of two contenders for each round; a contender with fewer rounds ends the list."""
    return [key(a) / key(b) for a, b in zip(above, below, strict=False)]

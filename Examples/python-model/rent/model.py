"""What a flat costs a month: an example of a model of one's own, with nothing but numpy."""

import dataclasses
import json
from typing import List

import numpy as np
from apus_worker import api


@dataclasses.dataclass
class Flat:
    rooms: int
    area: float
    balcony: bool = False


class Rent:
    """Rent of flats, by what they have."""

    def load(self, folder):
        self.prices = json.loads((folder / "prices.json").read_text())

    def predict(self, flats: List[Flat], currency: str = "EUR") -> List[float]:
        """All flats of a batch at once."""
        if currency not in self.prices["rates"]:
            raise api.Refused("currency %s is not known; known are %s" % (currency, ", ".join(self.prices["rates"])))
        rows = np.array([[flat.rooms, flat.area, flat.balcony] for flat in flats], np.float64)
        rent = rows @ np.array([self.prices["room"], self.prices["area"], self.prices["balcony"]])
        return list(rent * self.prices["rates"][currency])

    @api.method
    def price(self, flats: List[Flat], currency: str = "EUR") -> List[float]:
        """What they would cost to buy: the rent of twenty years."""
        return [240 * rent for rent in self.predict(flats, currency)]

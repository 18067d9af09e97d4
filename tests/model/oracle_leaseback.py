"""Sale and leaseback in the oracle: each sale remembered by its quarter, its money followed from there."""

from __future__ import annotations

import numpy as np


class Leasebacks:
    """Units sold and leased back, and their money; nothing where a case has no terms.

    Args:
        o: the oracle under construction, with its orders.
    """

    def __init__(self, o) -> None:
        self.o, self.m = o, o.m
        self.terms, self.count = o.m.leasebacks, o.m.times.count
        if self.terms is None:
            return
        self.y = o.variable("y sold", "offer", "destination", "quarter")
        self.life = o.m.taxes.server_life_quarters
        offers, terms = self.m.offers, self.terms
        paid = np.zeros_like(offers.price)
        for k in range(len(offers.names)):
            kept, wait = 1.0 - offers.attrition[k], int(terms.age[k] + offers.lead_quarters[k])
            for t in range(self.count):
                here = self.of(k, t)
                if not terms.there[k] or t < wait or t + terms.term[k] > self.count:
                    o.model.add_constraints(here <= 0.0, name=f"never sold {k} {t}")
                    continue
                paid[k, :, t] = offers.price[k, :, t - wait]
                ordered = o.x.isel(offer=k, quarter=t - wait, drop=True)
                o.model.add_constraints(
                    here - kept ** int(terms.age[k]) * ordered <= 0.0, name=f"came {k} {t}"
                )
                if np.isfinite(terms.limit[k, t]):
                    o.model.add_constraints(here.sum() <= terms.limit[k, t], name=f"sales {k} {t}")
        lost = self.m.taxes.value_added_tax if self.m.taxes.recovery_quarters is None else 0.0
        self.paid = (1.0 + lost) * paid

    def of(self, k: int, t: int):
        """What is sold of an offer in a quarter [destination]."""
        return self.y.isel(offer=k, quarter=t, drop=True)

    def fleet(self, at) -> tuple[object, object]:
        """Units that leave [site, offer, quarter]; that left and are alive [offer, destination, quarter]."""
        if self.terms is None:
            return 0.0, 0.0
        o, offers, terms = self.o, self.m.offers, self.terms
        h = o.variable("h", "site", "offer", "quarter")
        gone = o.variable("gone", "offer", "destination", "quarter")
        stands, leaves = (o.N * at).sum("site"), (h * at).sum("site")
        for k in range(len(offers.names)):
            kept, term = 1.0 - offers.attrition[k], int(terms.term[k])
            ends = 0 if offers.life_quarters is None else int(offers.life_quarters[k])
            for t in range(self.count):
                pick = {"offer": k, "quarter": t, "drop": True}
                due, leased, away = 0.0, 0.0, 0.0
                for sale in range(t + 1):
                    left = kept ** (t - sale) * self.of(k, sale)
                    if t - sale == term:
                        due = due + left
                    if t - sale < term:
                        leased = leased + left
                    elif not 0 < ends <= t - sale + int(terms.age[k]):
                        away = away + left
                o.model.add_constraints(leaves.isel(**pick) - due == 0.0, name=f"to the lessor {k} {t}")
                o.model.add_constraints(stands.isel(**pick) - leased >= 0.0, name=f"leased back {k} {t}")
                o.model.add_constraints(gone.isel(**pick) - away == 0.0, name=f"gone {k} {t}")
        return h, gone

    def over(self, each):
        """The sum of what is sold times numbers [offer, destination, quarter]."""
        if self.terms is None:
            return 0.0
        return (
            self.y * self.o.data(np.broadcast_to(each, self.paid.shape), "offer", "destination", "quarter")
        ).sum()

    def proceeds(self, weights):
        return 0.0 if self.terms is None else self.over((self.terms.price * weights)[:, None, :])

    def fees(self, weights):
        if self.terms is None:
            return 0.0
        due = np.array([[weights[t : t + int(n)].sum() for t in range(self.count)] for n in self.terms.term])
        return self.over((self.terms.fee * due)[:, None, :])

    def books(self, weights):
        """What leaves the books with a sale, weighted by its quarter."""
        if self.terms is None:
            return 0.0
        return self.over((1.0 - self.terms.age / self.life)[:, None, None] * self.paid * weights)

    def spared(self, weights):
        """Depreciation that a sale ends."""
        if self.terms is None:
            return 0.0
        due = np.zeros((len(self.terms.age), self.count))
        for k, age in enumerate(self.terms.age):
            for t in range(self.count):
                due[k, t] = weights[t : t + self.life - int(age)].sum() / self.life
        return self.over(due[:, None, :] * self.paid)

    def left(self, end: int):
        """What the books would hold of all that is sold by a quarter's end."""
        if self.terms is None:
            return 0.0
        share = np.zeros((len(self.terms.age), self.count))
        for k, age in enumerate(self.terms.age):
            for t in range(end + 1):
                share[k, t] = max(0.0, 1.0 - (int(age) + end - t + 1) / self.life)
        return self.over(share[:, None, :] * self.paid)

    def lessors(self):
        """What the units are worth that are the lessor's as the horizon ends."""
        if self.terms is None:
            return 0.0
        offers, last = self.m.offers, self.count - 1
        share = np.zeros((len(offers.names), self.count))
        for k in range(len(offers.names)):
            for t in range(self.count):
                if last - t < self.terms.term[k]:
                    share[k, t] = offers.end_value[k] * (1.0 - offers.attrition[k]) ** (last - t)
        return self.over(share[:, None, :])

    def value(self):
        """Present value of proceeds less tax on gains and on write-offs that fall away; fees are earnings."""
        m = self.m
        if self.terms is None:
            return 0.0
        disc, tau = m.times.discount, m.taxes.rate
        taxed = self.proceeds(disc) - self.books(disc) + self.spared(disc)
        return self.proceeds(disc) - tau * (taxed + m.times.discount_end * self.left(self.count - 1))

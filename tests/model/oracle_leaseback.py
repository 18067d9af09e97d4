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
            wait = int(terms.age[k] + offers.lead_quarters[k])
            for t in range(self.count):
                here = self.of(k, t)
                if not terms.there[k] or t < wait or t + terms.term[k] > self.count:
                    o.model.add_constraints(here <= 0.0, name=f"never sold {k} {t}")
                    continue
                paid[k, :, t] = offers.price[k, :, t - wait]
                ordered = o.x.isel(offer=k, quarter=t - wait, drop=True)
                o.model.add_constraints(
                    here - self.alive(k, 0, int(terms.age[k])) * ordered <= 0.0, name=f"came {k} {t}"
                )
                if np.isfinite(terms.limit[k, t]):
                    o.model.add_constraints(here.sum() <= terms.limit[k, t], name=f"sales {k} {t}")
        lost = self.m.taxes.value_added_tax if self.m.taxes.recovery_quarters is None else 0.0
        self.paid = (1.0 + lost) * paid

    def turns(self, k: int) -> int:
        """Age of wear, 0 for none."""
        wear = self.m.offers.wear
        return int(wear.after_quarters[k]) if wear is not None and self.m.wearing[k] else 0

    def alive(self, k: int, since: int, age: int) -> float:
        """Share of 1 of an age that is left at another."""
        wear, left = self.m.offers.wear, 1.0
        for step in range(since + 1, age + 1):
            worn = 0 < self.turns(k) < step
            left *= 1.0 - (wear.attrition[k] if worn else self.m.offers.attrition[k])
        return left

    def of(self, k: int, t: int):
        """What is sold of an offer in a quarter [destination]."""
        return self.y.isel(offer=k, quarter=t, drop=True)

    def fleet(self, at) -> tuple[object, object]:
        """Units that leave [site, offer, quarter]; that left and are alive [offer, destination, quarter].

        Of the latter, those short of the age of wear as well, and the worn ones that are leased back.
        """
        o = self.o
        o.gone_young, o.leased_worn = 0.0, None
        if self.terms is None:
            return 0.0, 0.0
        o, offers, terms = self.o, self.m.offers, self.terms
        h = o.variable("h", "site", "offer", "quarter")
        gone = o.variable("gone", "offer", "destination", "quarter")
        o.gone_young = o.variable("gone young", "offer", "destination", "quarter")
        o.leased_worn = o.variable("leased worn", "offer", "destination", "quarter")
        stands, leaves = (o.N * at).sum("site"), (h * at).sum("site")
        for k in range(len(offers.names)):
            age, term = int(terms.age[k]), int(terms.term[k])
            ends = 0 if offers.life_quarters is None else int(offers.life_quarters[k])
            for t in range(self.count):
                pick = {"offer": k, "quarter": t, "drop": True}
                due, leased, away, young, worn = 0.0, 0.0, 0.0, 0.0, 0.0
                for sale in range(t + 1):
                    old = age + t - sale
                    left = self.alive(k, age, old) * self.of(k, sale)
                    if t - sale == term:
                        due = due + left
                    if t - sale < term:
                        leased = leased + left
                        worn = worn + left if 0 < self.turns(k) <= old else worn
                    elif not 0 < ends <= old:
                        away = away + left
                        young = young + left if old < self.turns(k) else young
                o.model.add_constraints(leaves.isel(**pick) - due == 0.0, name=f"to the lessor {k} {t}")
                o.model.add_constraints(stands.isel(**pick) - leased >= 0.0, name=f"leased back {k} {t}")
                o.model.add_constraints(gone.isel(**pick) - away == 0.0, name=f"gone {k} {t}")
                o.model.add_constraints(o.gone_young.isel(**pick) - young == 0.0, name=f"gone young {k} {t}")
                o.model.add_constraints(o.leased_worn.isel(**pick) - worn == 0.0, name=f"worn {k} {t}")
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
                    age = int(self.terms.age[k])
                    share[k, t] = offers.end_value[k] * self.alive(k, age, age + last - t)
        return self.over(share[:, None, :])

    def value(self):
        """Present value of proceeds less tax on gains and on write-offs that fall away; fees are earnings."""
        m = self.m
        if self.terms is None:
            return 0.0
        disc, tau = m.times.discount, m.taxes.rate
        taxed = self.proceeds(disc) - self.books(disc) + self.spared(disc)
        return self.proceeds(disc) - tau * (taxed + m.times.discount_end * self.left(self.count - 1))

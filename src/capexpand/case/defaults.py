"""What the catalogue supplies where a case is silent: the life of a server that is bought."""

from __future__ import annotations

from datetime import date

from capexpand.files.json_text import JsonObject

LIFE_TABLE = "sites_costs"
LIFE_ROW = {"metric": "depreciation_life", "region": "Alphabet (servers)"}
LIFE_REASON = (
    "default, since the case states no life: the longest that a large cloud writes its servers off over; "
    "a life of 50 years or more means no end"
)


def fill_lives(data: JsonObject, as_of: date | None) -> None:
    """Give each offer that can be bought and states no life the one of the catalogue, where it was known.

    Args:
        data: the merged document, which is changed.
        as_of: the day from which the case is seen.
    """
    offers = data.get("offers")
    silent = [
        offer
        for offer in (offers.values() if isinstance(offers, dict) else ())
        if isinstance(offer, dict) and isinstance(offer.get("buy"), dict) and "life" not in offer
    ]
    if not silent or as_of is None:
        return
    from capexpand.catalogue import fact  # here, since most cases state every life
    from capexpand.errors import CaseError

    try:
        fact(LIFE_TABLE, LIFE_ROW, field="value", as_of=as_of)
    except CaseError:
        return  # nobody knew it then
    for offer in silent:
        offer["life"] = {"catalogue": LIFE_TABLE, "row": LIFE_ROW, "field": "value", "reason": LIFE_REASON}

"""What a case says of clouds and leases is checked, with the place and what would be right."""

from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.errors import CaseError

CASE = Path(__file__).parents[2] / "cases" / "two-sites" / "case.yaml"
CLOUD = "clouds: {big: {reason: invented, title: Big, offer: server, destination: CN, %s}}\n"


def complaint(tmp_path: Path, text: str) -> str:
    file = tmp_path / "case.yaml"
    file.write_text(f"extends: {CASE}\n{text}", "utf-8")
    with pytest.raises(CaseError) as caught:
        load_case(file)
    return "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CLOUD % "latency: 5 ms", "clouds.big: can be hired in no way; add on_demand, reserved or spot"),
        (CLOUD % "on_demand: {fee: -1 CNY/hour}", "clouds.big.on_demand.fee"),
        (CLOUD % "on_demand: {fee: 5 CNY}", "clouds.big.on_demand.fee"),
        (CLOUD % "spot: {fee: 5 CNY/hour, interrupted: 120 %}", "clouds.big.spot.interrupted"),
        (CLOUD % "reserved: {year: {fee: 5 CNY/hour}}", "clouds.big.reserved.year.term"),
        (
            CLOUD % "reserved: {spot: {fee: 5 CNY/hour, term: 1 year}}",
            "clouds.big.reserved.spot: is another way to hire; choose a name such as one-year",
        ),
        (CLOUD.replace("offer: server", "offer: sever") % "on_demand: {fee: 5 CNY/hour}", "no offer 'sever'"),
        (CLOUD % "on_demand: {fee: 5 CNY/hour, workloads: [chta]}", "there is no workload 'chta'"),
        (
            CLOUD % "on_demand: {fee: 5 CNY/hour}" + "workloads: {chat: {excluded_clouds: [bog]}}\n",
            "workloads.chat.excluded_clouds.0: there is no cloud 'bog'",
        ),
        (
            CLOUD % "on_demand: {fee: 5 USD/hour}",
            "there is no exchange rate for USD; add CNY/USD under exchange_rates",
        ),
        (
            "offers: {server: {lease: {fee: 1 mn CNY/quarter, term: 1 year, escalation: -3 %/year}}}\n",
            "offers.server.lease.escalation",
        ),
        ("programme: {leases_within_cap: 1}\n", "programme.leases_within_cap"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert said in complaint(tmp_path, text)

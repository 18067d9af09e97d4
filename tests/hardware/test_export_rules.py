"""Known chips classify as the rules' own history says. Each case names its source in the table of rules."""

from dataclasses import replace
from datetime import date

import pytest

from capexpand.catalogue import find_accelerator, rules_in_force
from capexpand.errors import CaseError
from capexpand.hardware.export_rules import export_status, performance_density, total_processing_performance
from capexpand.hardware.export_scope import Transaction


def judge(name, on, **transaction):
    day = date.fromisoformat(on)
    return export_status(find_accelerator(name), rules_in_force(day), Transaction(day, **transaction))


@pytest.mark.parametrize(
    ("chip", "on", "status", "review"),
    [
        ("A100 SXM4", "2022-10-20", "free", ""),  # the day before the first rule: 87 FR 62186
        ("A100 SXM4", "2022-10-21", "licence", "presumption of denial"),
        ("H100 SXM5", "2022-10-21", "licence", "presumption of denial"),
        ("A800", "2023-06-01", "free", ""),  # links cut to 400 GB/s
        ("H800", "2023-06-01", "free", ""),
        ("A800", "2023-11-17", "licence", "presumption of denial"),  # 88 FR 73458 drops the test on links
        ("H800", "2023-11-17", "licence", "presumption of denial"),
        ("H20 96GB", "2025-04-08", "free", ""),
        ("H20 96GB", "2025-04-20", "licence", "case by case"),  # letter of April 2025
        ("H20 96GB", "2025-08-11", "fee share", ""),
        ("H200", "2025-12-20", "licence", "presumption of denial"),  # announced, not yet a rule
        ("H200", "2026-01-20", "prohibited", "case by case"),  # 91 FR 1684; China's customs block it
        ("B200", "2026-01-20", "prohibited", ""),
        ("MI325X", "2026-02-01", "licence", "case by case"),
        ("B30A", "2026-02-01", "licence", "presumption of denial"),  # not on sale in the United States
    ],
)
def test_chips_classify_as_the_rules_history_says(chip, on, status, review):
    found = judge(chip, on)
    assert (found.status, found.review) == (status, review)
    assert bool(found.because) == (status != "free")


def test_an_rtx_4090d_is_outside_as_a_consumer_product():
    """4707 is below 4800, density 4707/609 = 7.7 above 5.92: only the note on consumer products lets it go.

    Source: 88 FR 73458, note 2 to 3A090. Sensitivity: sold for data centres it would need a licence.
    """
    chip = replace(
        find_accelerator("L40S"),
        name="GeForce RTX 4090D",
        total_processing_performance=4707.0,
        performance_density=4707 / 609,
        memory_bandwidth_gb_per_s=1008.0,
        interconnect_gb_per_s=64.0,
    )
    day = date(2024, 2, 1)
    rules = rules_in_force(day)
    assert export_status(chip, rules, Transaction(day)).status == "free"
    assert "2023-10_note2_consumer" in export_status(chip, rules, Transaction(day)).because[0]
    assert export_status(chip, rules, Transaction(day), use="data centre").status == "licence"


def test_the_h200_pays_a_quarter_and_is_capped_for_a_cleared_buyer():
    """After the clearances of May 2026; China's customs still block it, and review it from August.

    Sensitivity: for a buyer who is not cleared the United States' side stays a licence.
    """
    cleared = judge("H200", "2026-05-20", buyer="Alibaba Cloud")
    assert (cleared.united_states, cleared.china, cleared.status) == ("fee share", "prohibited", "prohibited")
    assert (cleared.fee_share_fraction, cleared.volume_cap_fraction) == (0.25, 0.5)
    assert judge("H200", "2026-05-20", buyer="Somebody").united_states == "licence"
    august = judge("H200", "2026-08-20", buyer="Alibaba Cloud")
    assert (august.china, august.status) == ("licence", "licence")


def test_the_h20_pays_fifteen_hundredths_from_august_2025():
    assert judge("H20 96GB", "2025-09-01").fee_share_fraction == 0.15
    assert judge("H20 96GB", "2025-04-20").fee_share_fraction == 0


def test_an_overseas_site_of_a_chinese_company_is_judged_by_its_headquarters():
    """In Malaysia the H100 is free for others; the rule of 2023 reaches those headquartered in China.

    Sensitivity: before November 2023 only the destination counted, and the same site was free.
    """
    site = {"destination": "MY", "headquarters": "CN"}
    assert judge("H100 SXM5", "2024-06-01", destination="MY").status == "free"
    assert judge("H100 SXM5", "2024-06-01", **site).status == "licence"
    assert judge("H100 SXM5", "2023-06-01", **site).status == "free"
    h200 = judge("H200", "2026-03-01", **site)
    assert (h200.status, h200.review) == ("licence", "presumption of denial")


def test_hong_kong_is_china_for_one_side_and_not_for_the_other():
    assert judge("H100 SXM5", "2022-11-01", destination="HK").status == "licence"
    h200 = judge("H200", "2026-03-01", destination="HK", headquarters="CN")
    assert (h200.united_states, h200.china) == ("licence", "free")


def test_state_funded_halls_may_not_hold_foreign_chips():
    state = judge("L20", "2025-12-01", end_user="state-funded")
    assert (state.united_states, state.china) == ("free", "prohibited")
    assert judge("Ascend 910C", "2025-12-01", end_user="state-funded").status == "free"
    assert judge("L20", "2025-12-01").china == "free"


def test_large_technology_firms_were_told_to_stop_the_rtx_6000d():
    assert judge("RTX Pro 6000D", "2025-10-01", end_user="large tech").status == "prohibited"
    assert judge("RTX Pro 6000D", "2025-10-01").china == "free"


def test_the_rule_that_was_withdrawn_never_binds():
    assert judge("H100 SXM5", "2025-06-01", destination="FR").status == "free"


def test_memory_stacks_have_a_rule_of_their_own():
    """Above 2 GB/s per mm² from December 2024. Sensitivity: a month earlier it was free."""
    chip = find_accelerator("H20 96GB")
    for on, status in (("2024-12-05", "licence"), ("2024-11-05", "free")):
        day = date.fromisoformat(on)
        rules = rules_in_force(day)
        found = export_status(chip, rules, Transaction(day), use="memory", bandwidth_density=8.0)
        assert found.status == status


def test_a_chinese_chip_is_free_and_guidance_warns():
    found = judge("Ascend 910C", "2025-06-01")
    assert found.status == "free"
    assert "910" in found.because[0]
    assert judge("Ascend 910C", "2025-05-01").because == ()


def test_a_missing_figure_is_named():
    assert "total_processing_performance" in judge("MI308X", "2024-06-01").missing


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ({"fp16_tflops": 312.0, "int8_tops": 624.0}, 4992.0),  # A100
        ({"fp16_tflops": 989.4, "fp8_tflops": 1979.0, "int8_tops": 1979.0}, 15832.0),  # H100
        ({"fp16_tflops": 148.0, "fp8_tflops": 296.0, "int8_tops": 296.0}, 2368.0),  # H20
    ],
)
def test_processing_performance_is_rate_times_bits(rates, expected):
    assert total_processing_performance(**rates) == pytest.approx(expected, rel=1e-3)


def test_density_divides_by_the_die():
    assert performance_density(2368.0, 814.0) == pytest.approx(2.91, abs=0.005)


def test_a_transaction_that_cannot_be_judged_names_every_problem():
    with pytest.raises(CaseError) as caught:
        judge("H20 96GB", "2025-04-20", destination="China", end_user="spy")
    assert len(caught.value.problems) >= 2

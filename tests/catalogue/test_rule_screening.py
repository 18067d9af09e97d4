from dataclasses import replace
from datetime import date

import pytest

from capexpand.catalogue import export_rules, find_accelerator, rules_in_force, rules_reaching


def reaching(name: str, on: date) -> set[str]:
    found = rules_reaching(find_accelerator(name), rules_in_force(on, as_of=on))
    return {reach.rule.rule_id for reach in found if reach.how != "cannot be told"}


@pytest.mark.parametrize("name", ["A100 SXM4 80GB", "H100 SXM5 80GB"])
def test_the_first_rule_reached_a100_and_h100(name):
    assert reaching(name, date(2022, 11, 1)) == {"2022-10_3A090_original"}


@pytest.mark.parametrize("name", ["A800 SXM4 80GB", "H800 SXM5 80GB"])
def test_the_cut_links_escaped_the_first_rule_until_the_second(name):
    """The first rule needs 600 GB/s of links; both chips were cut to 400. The second rule drops that test.

    Sensitivity: with the links of A100 and H100 the first rule would reach them as well.
    """
    assert reaching(name, date(2023, 11, 16)) == set()
    assert "2023-10_3A090a1" in reaching(name, date(2023, 11, 17))
    whole = replace(find_accelerator(name), interconnect_gb_per_s=600.0)
    assert rules_reaching(whole, rules_in_force(date(2023, 11, 16)))


def test_the_first_rule_ended_with_the_second():
    assert "2022-10_3A090_original" not in {rule.rule_id for rule in rules_in_force(date(2023, 11, 17))}


def test_h20_was_reached_by_nothing_until_april_2025():
    assert reaching("H20 96GB", date(2025, 4, 8)) == set()
    assert "2025-04_H20_licence" in reaching("H20 96GB", date(2025, 4, 20))


def test_a_rule_that_names_other_chips_only_does_not_reach_a_chip():
    """The licences of 2026 are for H200; their processing threshold alone would also fit H100."""
    assert "2026-02_H200_first_licences" in reaching("H200 SXM 141GB", date(2026, 6, 1))
    assert "2026-02_H200_first_licences" not in reaching("H100 SXM5 80GB", date(2026, 6, 1))


def test_an_upper_limit_is_met_only_below_it():
    band = "2026-01_case_by_case_upper_bound"
    assert band in reaching("H200 SXM 141GB", date(2026, 2, 1))
    assert band not in reaching("B200 SXM 180GB", date(2026, 2, 1))
    assert "2026-01_denial_above_21000" in reaching("B200 SXM 180GB", date(2026, 2, 1))


def test_a_missing_figure_leaves_a_rule_open():
    """For want of a die area nobody can tell whether Ascend 910B is dense enough for the second paragraph."""
    found = rules_reaching(find_accelerator("Ascend 910B"), rules_in_force(date(2024, 1, 1)))
    open_rules = {reach.rule.rule_id: reach.missing for reach in found if reach.how == "cannot be told"}
    assert open_rules["2023-10_3A090a2"] == ("performance_density",)
    assert "2023-10_3A090b1" not in open_rules


def test_a_rule_that_was_withdrawn_before_its_day_is_never_in_force():
    days = [date(2025, 5, 12), date(2025, 5, 15), date(2025, 6, 1), None]
    assert all("2025-01_AI_Diffusion" not in {rule.rule_id for rule in rules_in_force(day)} for day in days)


def test_without_a_day_every_rule_that_has_no_end_counts():
    assert {rule.rule_id for rule in rules_in_force()} == {
        rule.rule_id for rule in export_rules() if rule.ended_on is None
    }


def test_a_rule_announced_later_is_not_in_force_for_those_who_look_earlier():
    """The letter of 9 April 2025 became public on the 15th."""
    on = date(2025, 4, 10)
    assert "2025-04_H20_licence" in {rule.rule_id for rule in rules_in_force(on)}
    assert "2025-04_H20_licence" not in {rule.rule_id for rule in rules_in_force(on, as_of=on)}


def test_a_rack_is_not_compared_with_the_thresholds_of_a_chip():
    assert rules_reaching(find_accelerator("GB200 NVL72 rack"), rules_in_force()) == ()

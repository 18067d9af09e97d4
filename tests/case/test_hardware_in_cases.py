"""A case that names models, accelerators and export rules gets clear errors where something is missing."""

import pytest

from capexpand.case.loading import load_case

SERVING = "    serving: {model: Qwen2.5 72B, input: 2000 token, output: 500 token, tpot: 50 ms, ttft: 2 s}\n"
STATED = "    throughput:\n      h20: 12000 token/s\n"
WITH_CHIP = {"    accelerators: 8\n": "    accelerator: H20 96GB\n    accelerators: 8\n"}
COMPUTED = {**WITH_CHIP, STATED: SERVING}


def test_a_workload_may_name_a_model_in_place_of_throughputs(write_case):
    case = load_case(write_case(COMPUTED))
    serving = case.workloads["chat"].serving
    assert serving is not None
    assert (serving.model, serving.input.value, serving.output.value) == ("Qwen2.5 72B", 2000.0, 500.0)
    assert serving.tpot is not None
    assert serving.ttft is not None
    assert (serving.tpot.value, serving.ttft.value) == (50.0, 2000.0)  # milliseconds


BAD = {
    "an unknown model": (
        {**COMPUTED, STATED: SERVING.replace("Qwen2.5 72B", "Qwen2.5 73B")},
        "workloads.chat.serving.model: unknown model 'Qwen2.5 73B'; did you mean Qwen2.5 7B or Qwen2.5 72B",
    ),
    "a model of later": (
        {**COMPUTED, STATED: SERVING.replace("Qwen2.5 72B", "Kimi K2")},
        "workloads.chat.serving.model: Kimi K2 was not known on 2025-03-31: it was released on 2025-07",
    ),
    "a field misspelt": (
        {**COMPUTED, STATED: SERVING.replace("tpot", "tpott")},
        "workloads.chat.serving.tpott: unknown field; did you mean tpot?",
    ),
    "an answer of no length": (
        {**COMPUTED, STATED: SERVING.replace("500 token", "0 token")},
        "workloads.chat.serving.output: '0 token' is too low",
    ),
    "no time at all": (
        {**COMPUTED, STATED: SERVING.replace("50 ms", "0 ms")},
        "workloads.chat.serving.tpot: '0 ms' is too low",
    ),
    "rules for an accelerator of later": (
        {
            "    accelerators: 8\n": "    accelerator: B30A\n    accelerators: 8\n",
            "CN: {limit: 500 units/quarter}": "CN: {limit: 500 units/quarter, rules: true}",
        },
        "offers.h20.supply.CN.rules: B30A was not known on 2025-03-31",
    ),
    "a model of tokens for another volume": (
        {**COMPUTED, "    unit: token\n": "    unit: FLOP\n"},
        "workloads.chat.serving: is in tokens, but the workload's unit is FLOP",
    ),
    "no offer that names its accelerator": (
        {STATED: SERVING},
        "workloads.chat.serving: nothing can serve this workload: no offer names its accelerator",
    ),
    "an accelerator whose figures do not suffice": (
        {**COMPUTED, "    accelerators: 8\n": "    accelerator: Kunlun P800\n    accelerators: 8\n"},
        "offers.h20.accelerator: what Kunlun P800 serves cannot be computed: the catalogue lacks figures",
    ),
    "an accelerator of later": (
        {**COMPUTED, "    accelerators: 8\n": "    accelerator: B30A\n    accelerators: 8\n"},
        "offers.h20.accelerator: B30A was not known on 2025-03-31",
    ),
    "a rate beside an offer that is not there": (
        {"h20: 12000 token/s": "h20: {relative_to: h21, times: 2}"},
        "workloads.chat.throughput.h20.relative_to: there is no offer 'h21'; did you mean h20?",
    ),
    "a rate beside nothing": (
        {"h20: 12000 token/s": "h20: {relative_to: h20, times: 2}"},
        "workloads.chat.throughput.h20.relative_to: has no throughput of this workload to compare with",
    ),
    "a rate beside without its factor": (
        {"h20: 12000 token/s": "h20: {relative_to: h20}"},
        "workloads.chat.throughput.h20.times: is missing",
    ),
    "rules without an accelerator": (
        {"CN: {limit: 500 units/quarter}": "CN: {limit: 500 units/quarter, rules: true}"},
        "offers.h20.supply.CN.rules: export rules need the offer's accelerator",
    ),
    "rules beside a stated status": (
        {**WITH_CHIP, "CN: {limit: 500 units/quarter}": "CN: {rules: true, status: free}"},
        "offers.h20.supply.CN.status: is stated, and rules give it by date; keep one",
    ),
    "a share of no limit": (
        {**WITH_CHIP, "CN: {limit: 500 units/quarter}": "CN: {rules: {licence_share: 20 %}}"},
        "offers.h20.supply.CN.rules.licence_share: is a share of the limit; add limit",
    ),
    "a kind of buyer that there is not": (
        {"  headquarters: CN\n": "  headquarters: CN\n  end_user: large\n"},
        "programme.end_user: 'large' is none of company, large tech, state-funded",
    ),
}


@pytest.mark.parametrize("mistake", BAD)
def test_a_mistake_is_named_at_its_place(write_case, problems_of, mistake):
    replacements, expected = BAD[mistake]
    problems = problems_of(write_case(replacements))
    found = [problem for problem in problems if expected in problem]
    assert found, problems
    file, line, column, *_ = found[0].split(":")
    assert file == "case.yaml"
    assert int(line) > 1
    assert int(column) > 0


def test_a_circle_of_rates_is_named(write_case, problems_of):
    text = {
        "offers:\n  h20:\n": "offers:\n  other:\n    title: Other\n    power: 8 kW\n    lead_time: 3 months\n"
        "    attrition: 2 %/year\n    maintenance: 3 %/year\n    memory: 768 GB\n"
        "    buy: {price: 1 mn CNY, deposit: 30 %}\n    supply: {CN: {}}\n  h20:\n",
        "      h20: 12000 token/s\n": "      h20: {relative_to: other, times: 2}\n"
        "      other: {relative_to: h20, times: 2}\n",
    }
    problems = problems_of(write_case(text))
    assert any("goes in a circle: h20 → other → h20" in problem for problem in problems), problems


def test_a_stated_rate_spares_an_accelerator_that_cannot_be_computed_with(write_case):
    text = {
        "    accelerators: 8\n": "    accelerator: B30A\n    accelerators: 8\n",
        STATED: SERVING + STATED,
    }
    assert load_case(write_case(text)).workloads["chat"].throughput


def test_rules_may_be_true_or_a_block(write_case):
    short = {**WITH_CHIP, "CN: {limit: 500 units/quarter}": "CN: {limit: 500 units/quarter, rules: true}"}
    supply = load_case(write_case(short)).offers["h20"].supply["CN"]
    assert supply.rules is not None
    assert supply.rules.licence_share is None
    off = {"CN: {limit: 500 units/quarter}": "CN: {limit: 500 units/quarter, rules: false}"}
    assert load_case(write_case(off)).offers["h20"].supply["CN"].rules is None


def test_a_variant_can_set_the_licence_share_and_a_factor(write_case):
    text = {
        **COMPUTED,
        STATED: SERVING + "    throughput:\n      h20: {relative_to: h20, times: 0.8}\n",
        "CN: {limit: 500 units/quarter}": "CN: {limit: 500 units/quarter, rules: {licence_share: 20 %}}",
        "    set: {workloads.chat.demand: 4 tn token/day}": "    set:\n"
        "      workloads.chat.throughput.h20.times: 0.5\n"
        "      offers.h20.supply.CN.rules.licence_share: 50 %\n"
        "      workloads.chat.serving.tpot: 30 ms",
    }
    case = load_case(write_case(text), "boom")
    rate = case.workloads["chat"].throughput["h20"]
    assert rate.times.value == 0.5
    assert case.offers["h20"].supply["CN"].rules.licence_share.value == 0.5
    assert case.workloads["chat"].serving.tpot.value == 30.0

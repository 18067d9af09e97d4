"""Why a policy decides as it does: the futures that drive its decision, and what would have to be seen.

In two sites demand is a quarter more or a quarter less from the second quarter on, with even chances.
"""

import json

import pytest

import capexpand as cx
from capexpand.errors import CaseError, RunError
from commands import capexpand


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """The folder of a run with a policy, and the run."""
    folder = tmp_path_factory.mktemp("policy") / "run"
    return folder, cx.policy("two-sites", out=folder, scenarios=40, iterations=30, gap=0.0, workers=1)


@pytest.mark.slow
def test_the_driver_is_demand_and_what_is_seen_of_it_changes_the_orders(planned):
    """Nothing else is uncertain, so demand explains all of the spread of what foresight commits."""
    folder, run = planned
    found = cx.why(folder, "policy")
    (driver,) = found.document["drivers"]
    assert driver["driver"] == "base_demand chat"
    assert driver["explains"] == pytest.approx(1.0)
    assert driver["committed_above"] > driver["committed_below"]
    answers = found.document["answers"]
    assert answers["Which futures drive it?"] == run.document["decision_drivers"]["sentences"][0]
    assert "if demand high but" in answers["What would have to be seen to change it?"]
    reactions = found.tables["reactions"]
    assert set(reactions["condition"]) >= {"demand high", "demand low"}
    assert found.tables["drivers"]["title"].to_list() == ["demand for Chat"]


@pytest.mark.slow
def test_a_question_about_an_order_says_what_the_policy_does_beside_the_plan(planned):
    """The amounts are those of the run's own paths."""
    folder, run = planned
    quarter = run.findings.result.plan.data.times.labels.index("2025Q3")
    orders = run.policy.outcomes.paths.ordered[quarter].sum(axis=0)
    said = cx.why(folder, "orders.server.2025Q3").document["policy"]
    assert f"{orders.max():.0f} units" in said
    assert "if demand high" in said
    forced = cx.why_not(folder, "orders.server.2025Q3 >= 1").document["policy"]
    assert forced.startswith("What is forced here is the plan of the mean path.")
    assert "2025Q2 in every future" in cx.why(folder, "sites.coast power 2025Q2").document["policy"]
    assert "own decision: In 2025Q2 commit" in cx.why(folder, "budget").document["policy"]


@pytest.mark.slow
def test_the_command_prints_json_and_writes_a_run(planned, tmp_path):
    folder, _ = planned
    done = capexpand("why", folder, "policy", "--json", "--out", tmp_path / "why")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "why/why.json").read_text("utf-8")) == json.loads(done.stdout)
    assert json.loads(done.stdout)["quarter"] == "2025Q2"


@pytest.mark.slow
def test_a_document_that_no_run_wrote_is_refused(planned, monkeypatch):
    folder, _ = planned
    monkeypatch.setattr("capexpand.studies.why.of_policy.read_text", lambda _: '{"policy_table": [1]}')
    with pytest.raises(RunError, match=r"metrics\.json: does not describe a policy as a run writes it"):
        cx.why(folder, "policy")


def test_what_has_no_policy_and_what_cannot_be_forced_is_said():
    with pytest.raises(CaseError, match="two-sites: has no policy to ask about; name the folder of a run"):
        cx.why("two-sites", "policy")
    with pytest.raises(CaseError, match="a policy is a rule for all futures, and nothing is forced on it"):
        cx.why_not("two-sites", "policy >= 400")

"""``capexpand check`` as a user calls it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from commands import capexpand


@pytest.fixture
def starter(tmp_path):
    """Return a folder with the starter case."""
    assert capexpand("new", tmp_path / "mine").returncode == 0
    return tmp_path / "mine"


@pytest.fixture
def certain_demand(tmp_path):
    """Return a maker of the two sites whose demand is a trend of some volatility."""

    def made(volatility: str) -> Path:
        file = tmp_path / "case.yaml"
        trend = f"{{volatility: {volatility}, moves: {{workloads.chat.demand: 1}}}}"
        block = f"uncertainty: {{regimes: null, trends: {{adoption: {trend}}}}}"
        base = Path(__file__).parents[2] / "cases" / "two-sites" / "case.yaml"
        file.write_text(f"extends: {base}\n{block}\n", "utf-8")
        return file

    return made


def call(*arguments: object) -> tuple[int, str, str]:
    """Return the exit code, the output and the error output of a command."""
    done = capexpand(*arguments)
    return done.returncode, done.stdout, done.stderr


def lines(text: str) -> list[list[str]]:
    """Split a table into the cells of its rows."""
    return [[cell for cell in line.strip().split("  ") if cell] for line in text.splitlines()]


def test_check_shows_every_number_as_written_with_its_canonical_unit_and_source(starter):
    code, out, err = call("check", starter)
    rows = [[cell.strip() for cell in row] for row in lines(out)]
    assert (code, err) == (0, "")
    assert ["tax_rate", "25 %", "0.25", "assumed: invented for the starter case"] in rows
    assert ["grid.2026-01-01", "30 MW", "30 MW", "letter of the grid operator of 2025-02-10"] in rows
    assert ["build.maintenance", "80 CNY/kW/month", "0.24 mn CNY/MW/quarter"] in [row[:3] for row in rows]
    assert "0 numbers without a source or a reason" in out
    assert out.endswith("No problems.\n")


@pytest.mark.parametrize(("months", "quarters"), [(4, 2), (5, 2), (6, None), (7, 3)])
def test_a_lead_time_says_at_the_number_how_many_quarters_it_counts_as(starter, months, quarters):
    """4, 5 and 6 months are all two quarters, so they give one plan; only 6 says so by itself."""
    file = starter / "case.yaml"
    file.write_text(file.read_text().replace("lead_time: 9 months", f"lead_time: {months} months"))
    _, out, _ = call("check", starter)
    shown = next(row for row in lines(out) if row and row[0].strip() == "build.lead_time")
    counted = f"{months} month" + ("" if quarters is None else f" = {quarters} quarters")
    assert shown[2].strip() == counted


def test_check_lists_numbers_without_a_source_and_hindsight(starter):
    file = starter / "case.yaml"
    text = file.read_text().replace("reason: invented for the starter case", "")
    file.write_text(text.replace("latency: 20 ms", "latency: {value: 20 ms, basis_date: 2025-06-01}"))
    _, out, _ = call("check", starter)
    assert "numbers without a source or a reason:\n" in out
    assert "  workloads.chat.usable_share: 45 %" in out
    assert (
        "1 number that rests on evidence later than 2025-03-31 (hindsight):\n  sites.north.latency: 20 ms"
        in out
    )


def test_check_as_json_is_one_object_with_every_number(starter):
    code, out, _ = call("check", starter, "--json", "--variant", "late-power")
    data = json.loads(out)
    assert code == 0
    assert (data["variant"], data["problems"], data["currency"]) == ("late-power", [], "CNY")
    numbers = {number["path"]: number for number in data["numbers"]}
    assert numbers["offers.imported.buy.price"]["value"] == 0.15
    assert numbers["offers.imported.buy.price"]["unit"] == "mn USD"
    assert numbers["sites.north.grid.2026-01-01"]["written"] == "5 MW"
    assert data["without_source"] == []


def test_problems_go_to_the_error_output_all_at_once_with_exit_code_2(starter):
    file = starter / "case.yaml"
    file.write_text(file.read_text().replace("cap: 3 bn CNY", "cap: 0 CNY").replace("9 months", "9"))
    code, out, err = call("check", starter)
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        f"{file}:31:3: programme.cap: a budget of zero buys nothing; leave cap out for no limit",
        f'{file}:46:7: sites.north.build.lead_time: needs a unit, e.g. "9 months"',
    ]


def test_problems_as_json_go_to_the_output(starter):
    file = starter / "case.yaml"
    file.write_text(file.read_text().replace("9 months", "9"))
    code, out, err = call("check", file, "--json")
    assert (code, err) == (2, "")
    assert json.loads(out)["problems"] == [
        {
            "file": str(file),
            "line": 46,
            "column": 7,
            "path": "sites.north.build.lead_time",
            "message": 'needs a unit, e.g. "9 months"',
        }
    ]


def test_check_finds_what_is_wrong_in_a_variant_that_nobody_asked_for(starter):
    file = starter / "case.yaml"
    file.write_text(file.read_text().replace("changes: {2025-10-01: 40 %}", "changes: {2025-10-01: 40 MW}"))
    code, _, err = call("check", starter)
    assert code == 2
    assert "'40 MW' is not convertible to a plain ratio (in variant cheaper-models)" in err
    assert call("check", starter, "--variant", "late-power")[0] == 0


def test_an_unknown_variant_is_suggested(starter):
    code, _, err = call("check", starter, "--variant", "late-pwoer")
    assert code == 2
    assert "there is no variant 'late-pwoer'; did you mean late-power?" in err


def test_a_case_that_is_not_there_is_named_without_a_traceback(tmp_path):
    code, _, err = call("check", tmp_path / "nowhere")
    assert code == 2
    assert err == f"{tmp_path / 'nowhere'}: there is no such file\n"


def test_new_writes_a_case_that_loads_with_each_variant_and_never_overwrites(starter):
    before = (starter / "case.yaml").read_text()
    code, _, err = call("new", starter)
    assert code == 2
    assert err == f"{starter / 'case.yaml'} exists already; nothing was written\n"
    assert (starter / "case.yaml").read_text() == before
    for variant in ("late-power", "cheaper-models"):
        assert call("check", starter, "--variant", variant)[0] == 0


def test_new_refuses_a_place_where_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("mine")
    code, _, err = call("new", tmp_path / "file")
    assert code == 2
    assert err == f"{tmp_path / 'file'} exists already; nothing was written\n"
    code, _, err = call("new", tmp_path / "file" / "below")
    assert code == 2
    assert err.startswith(f"{tmp_path / 'file' / 'below' / 'case.yaml'}: cannot be written: ")


def test_the_version_is_printed():
    code, out, _ = call("--version")
    assert code == 0
    assert out.startswith("capexpand 0.")


def test_help_lists_the_commands():
    code, out, _ = call("--help")
    assert code == 0
    assert all(command in out for command in ("check", "new", "schema"))


def test_heavy_modules_stay_out_of_help_and_check(starter):
    """What takes long to import must not be imported where an answer is due at once."""
    import subprocess
    import sys

    heavy = ("numpy", "pint", "polars", "altair", "highspy", "scipy", "numba")
    for arguments in (["--help"], ["check", str(starter)]):
        script = (
            "import sys; from capexpand.cli.main import main\n"
            f"sys.argv = ['capexpand', *{arguments!r}]\n"
            "try: main()\n"
            "except SystemExit: pass\n"
            f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stderr.strip() == "[]"


def test_the_starter_case_pays_and_its_variants_point_the_right_way(starter):
    """A later connection to the grid never helps, and in this case it costs something."""
    from capexpand.case.loading import load_case
    from capexpand.pipeline import evaluate, optimise

    values = {
        variant: evaluate(optimise(load_case(starter, variant))).metrics.npv
        for variant in (None, "late-power")
    }
    assert 0 < values["late-power"] < values[None]


@pytest.fixture
def computing(starter, tmp_path, monkeypatch):
    """Return the starter case with an accelerator named, a model named and export rules followed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (starter / "mine.yaml").write_text(COMPUTING)
    return starter / "mine.yaml"


COMPUTING = """\
extends: case.yaml
offers:
  imported:
    accelerator: H20 96GB
    supply: {CN: {status: null, rules: true}}
  small:
    title: Half a server
    reason: invented
    accelerator: H20 96GB
    accelerators: 4
    memory: 384 GB
    power: 4 kW
    lead_time: 6 months
    attrition: 2 %/year
    maintenance: 2 %/year
    buy: {price: 0.6 mn CNY, deposit: 0 %}
    supply: {CN: {}}
workloads:
  chat:
    throughput: {imported: null}
    memory: null
    serving: {model: DeepSeek V3, input: 2000 token, output: 500 token, tpot: 50 ms}
"""


def test_check_shows_what_was_computed_and_why_a_cell_is_empty(computing):
    code, out, err = call("check", computing)
    assert (code, err) == (0, "")
    assert "throughput of a unit for chat" in out
    row = next(
        line for line in out.splitlines() if line.strip().startswith("imported ") and "token/s" in line
    )
    assert "computed, bound by" in row
    empty = next(line for line in out.splitlines() if line.strip().startswith("small ") and "token/s" in line)
    assert "0 token/s  computed; does not fit: DeepSeek V3 needs 671 GB" in empty
    assert "Throughput of chat is computed with efficiencies measured after 2025-03-31 (hindsight)." in out


def test_check_shows_what_the_export_rules_give(computing):
    _, out, _ = call("check", computing)
    assert "export rules known on 2025-03-31, by quarter of order" in out
    assert "imported to CN, 2025Q2 to " in out
    assert ": free, 100% of the limit" in out
    data = json.loads(call("check", computing, "--json")[1])
    (span,) = data["export"]
    assert (span["offer"], span["destination"], span["status"]) == ("imported", "CN", "free")
    assert (span["quantity_fraction"], span["fee_fraction"]) == (1.0, 0.0)
    rates = {rate["offer"]: rate for rate in data["throughput"]}
    assert rates["imported"]["unit"] == "tn token/quarter"
    assert rates["imported"]["value"] > 0.0
    assert (rates["small"]["value"], rates["small"]["origin"]) == (0.0, "computed")
    assert "workloads.chat.throughput (computed)" in data["hindsight"]


def test_check_of_a_case_that_computes_nothing_says_nothing_of_it(starter):
    code, out, _ = call("check", starter, "--json")
    data = json.loads(out)
    assert (code, data["throughput"], data["export"]) == (0, [], [])
    assert "numpy" not in modules_after_checking(starter)


def modules_after_checking(folder) -> set[str]:
    """Names of the modules that a fresh interpreter holds after a check."""
    program = (
        "import sys\nfrom capexpand.api.checking import check\nfrom pathlib import Path\n"
        f"check(Path({str(folder)!r}))\nprint(*sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(found.stdout.split())


@pytest.mark.parametrize(("volatility", "warned"), [("1 %", True), ("60 %", False)])
def test_check_warns_of_demand_that_is_held_too_certain(certain_demand, volatility, warned):
    """A trend of 1 % ends an 80 % interval 1 % above the median, of 60 % far above."""
    code, out, err = call("check", certain_demand(volatility))
    assert (code, err) == (0, "")
    _, as_json, _ = call("check", certain_demand(volatility), "--json")
    narrow = json.loads(as_json)["narrow_demand"]
    assert len(narrow) == warned
    assert ("Warning: demand is held more certain than forecasts of revenue have been." in out) == warned
    for each in narrow:
        usual = f"{each['usual_factor'] - 1.0:.0%}".replace("%", " %")
        assert each["factor"] < 1.02 < each["usual_factor"]
        assert (
            "  workloads.chat.demand, 4 quarters ahead: 1 % in the case, "
            f"{usual} by the errors known on 2025-03-31\n" in out
        )


def test_several_cases_are_told_in_short_and_all_that_is_wrong_at_the_end(starter, tmp_path):
    """A shell's pattern names folders of shared parts as well, which are no cases."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "taxes.yaml").write_text("tax_rate: 25 %")
    code, out, err = call("check", starter, tmp_path / "parts", "two-sites")
    assert (code, err) == (0, "")
    assert [line for line in out.splitlines() if not line.startswith(" ")] == [
        f"{starter}: My build-out",
        "two-sites: Two sites",
    ]
    assert out.count("no problems") == 2
    code, out, err = call("check", tmp_path / "nowhere", starter)
    assert code == 2
    assert f"{starter}: " in out
    assert f"{tmp_path / 'nowhere'}: there is no such file" in err


def test_several_cases_as_json_are_a_list_with_the_problems_of_each(starter, tmp_path):
    code, out, _ = call("check", tmp_path / "nowhere", starter, "--json")
    found = json.loads(out)["cases"]
    assert code == 2
    assert [len(one["problems"]) for one in found] == [1, 0]


@pytest.mark.slow
def test_no_shipped_case_prints_a_warning():
    folders = sorted(Path("cases").iterdir())
    code, out, err = call("check", *folders)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 2 * sum((each / "case.yaml").exists() for each in folders)

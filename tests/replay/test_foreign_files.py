"""Files as users have them: large nodes, shares, sacct's text, marks and quotes, and what is no number."""

import gzip
import json
import os

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capexpand.errors import CapexpandError, CaseError, RunError
from capexpand.replay.derating import replay_fleet
from capexpand.replay.fleet import Fleet, NodeKind, read_fleet
from capexpand.replay.jobs.policies import SchedulingPolicy
from capexpand.replay.packing.tasks import PlacementRule
from capexpand.replay.sizing import read_replica_kinds
from capexpand.replay.sources.catalogue import FORMATS, read_trace
from capexpand.replay.sources.jobs import read_job_table
from capexpand.replay.sources.json_rows import find_places
from capexpand.replay.sources.requests import read_mooncake, read_request_table
from capexpand.replay.sources.slurm import members_of, parse_resources, read_slurm
from capexpand.replay.sources.tables import read_bytes
from commands import printed

HEADING = "JobID|JobName|User|State|Submit|Start|End|NNodes|AllocTRES\n"
REPLICA = {
    "name": "r",
    "base_s": 0.01,
    "per_prefill_token_s": 1e-4,
    "per_cached_token_s": 1e-7,
    "per_sequence_s": 5e-5,
    "cost_per_hour": 2,
}


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def job(number, name="a", nodes=1, resources="cpu=8,gres/gpu=2,mem=8G", minute=0):
    times = "|".join(f"2024-05-01T0{hour}:{minute:02}:00" for hour in (0, 1, 2))
    return f"{number}|{name}|u|COMPLETED|{times}|{nodes}|{resources}\n"


def error_of(function, *arguments, **options):
    with pytest.raises(CapexpandError) as caught:
        function(*arguments, **options)
    assert not isinstance(caught.value, RunError) or caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize("rule", [PlacementRule.BEST_FIT, PlacementRule.DOT_PRODUCT])
@pytest.mark.parametrize("cores", [192, 384, 0])
def test_large_nodes_and_nodes_of_unknown_cpu_are_used_to_the_last_accelerator(tmp_path, rule, cores):
    """Two nodes of 8 accelerators, 16 jobs of one each at once: none waits.

    Sensitivity: read as "does not fit", a score below 0 leaves the larger node empty and 8 jobs waiting.
    """
    fleet = Fleet((NodeKind("small", 1, 8, "h", 128.0), NodeKind("big", 1, 8, "h", float(cores))))
    rows = "".join(f"{i},1000,1,8000\n" for i in range(16))
    trace = read_job_table(write(tmp_path, "j.csv", "arrival_s,duration_s,accelerators,cpu_milli\n" + rows))
    outcome = replay_fleet(fleet, trace, policy=SchedulingPolicy(placement=rule)).outcome
    assert outcome.wait_s.max() == 0
    assert sorted(set(outcome.node.tolist())) == [0, 1]


def test_more_jobs_without_accelerators_run_at_once_than_the_cluster_has_thousandths(tmp_path):
    """One node, one accelerator, CPU unknown: 9,000 CPU jobs all run at once."""
    rows = "".join(f"{i / 1000},100,0,10\n" for i in range(9000))
    trace = read_job_table(write(tmp_path, "j.csv", "arrival_s,duration_s,accelerators,cpu_milli\n" + rows))
    found = replay_fleet(Fleet((NodeKind("a", 1, 1),)), trace)
    assert found.outcome.wait_s.max() == 0
    assert found.deratings == ()
    assert "no job asks for an accelerator" in found.note


def test_a_part_of_an_accelerator_is_a_share_of_it(tmp_path):
    trace = read_job_table(
        write(tmp_path, "j.csv", "arrival_s,duration_s,accelerators\n0,10,0.5\n1,10,0.25\n2,10,2\n")
    )
    assert trace.accelerators.tolist() == [1, 1, 2]
    assert trace.accelerator_milli.tolist() == [500, 250, 1000]
    path = write(tmp_path, "k.csv", "arrival_s,duration_s,accelerators\n0,10,1.5\n")
    said = error_of(read_job_table, path)
    assert "k.csv:2: accelerators: 1 row with a part of an accelerator" in said
    assert "'1.5'" in said
    assert "accelerator_milli" in said


def test_a_job_of_slurm_on_several_nodes_is_a_gang_with_and_without_accelerators(tmp_path):
    text = HEADING + job(1, nodes=4, resources="cpu=512,mem=1000G,node=4") + job(2, nodes=2)
    trace = read_slurm(write(tmp_path, "a_sacct.txt", text))
    assert trace.members.tolist() == [4, 2]
    assert trace.cpu_milli.tolist() == [128_000, 4000]
    # sacct without NNodes: the resources say it
    text = "JobID|Submit|Start|End|AllocTRES\n1|2024-05-01|2024-05-01 00:10|2024-05-01 01:10|cpu=64,node=4\n"
    text = text.replace("1|2024-05-01|", "1|2024-05-01 00:00|")
    assert read_slurm(write(tmp_path, "b_sacct.txt", text)).members.tolist() == [4]


@pytest.mark.parametrize(
    ("accelerators", "nodes", "members"), [(8, 1, 1), (8, 4, 4), (0, 3, 3), (6, 4, 3), (7, 4, 7), (1, 4, 1)]
)
def test_accelerators_that_do_not_divide_over_the_nodes_still_take_several(accelerators, nodes, members):
    one = parse_resources(f"cpu=8,gres/gpu={accelerators},node={nodes}")
    assert members_of(one) == members


def test_a_quotation_mark_in_slurm_is_a_part_of_a_name_and_a_stray_bar_names_its_line(tmp_path):
    text = HEADING + job(1, '"night run') + job(2, "b") + job(3, '25"') + job(4, "c")
    assert len(read_slurm(write(tmp_path, "q_sacct.txt", text))) == 4
    path = write(tmp_path, "p_sacct.txt", HEADING + job(1) + job(2, "crazy|name") + job(3))
    said = error_of(read_slurm, path)
    assert "p_sacct.txt:3: " in said
    assert "has 10 fields, and the heading 9" in said
    trace = read_slurm(path, leave_out_bad=True)
    assert len(trace) == 2
    assert trace.exclusions.counts == {"with a wrong number of fields": 1}


def test_an_amount_or_a_time_of_slurm_that_cannot_be_read_names_its_line(tmp_path):
    path = write(tmp_path, "a_sacct.txt", HEADING + job(1) + job(2, resources="cpu=8,gres/gpu=nan"))
    assert "a_sacct.txt:3: AllocTRES: 'gres/gpu=nan' is not a whole number" in error_of(read_slurm, path)
    assert len(read_slurm(path, leave_out_bad=True)) == 1
    path = write(tmp_path, "b_sacct.txt", HEADING + job(1).replace("2024-05-01T01", "May 1st 01"))
    assert "b_sacct.txt:2: Start: 'May 1st 01:00:00' is not a time" in error_of(read_slurm, path)


def test_jobs_without_accelerators_have_no_derating_and_say_so(tmp_path):
    fleet = write(tmp_path, "f.csv", "offer,units,accelerators,cpu_cores\na,2,8,128\n")
    trace = write(
        tmp_path, "x_sacct.txt", HEADING + job(1, resources="cpu=8") + job(2, resources="cpu=8", minute=9)
    )
    command = ("replay", "--fleet", fleet, "--trace", trace)
    document = json.loads(printed(*command, "--json"))
    assert document["deratings"] == []
    assert "no job asks for an accelerator" in document["note"]
    for more in (("--out", tmp_path / "d.json"), ("--accelerators-only",), ("--load", "1")):
        assert "no job asks for an accelerator" in error_of(printed, *command, *more)
    assert not (tmp_path / "d.json").exists()


@pytest.mark.parametrize("value", ["inf", "nan", "1e30", "-1"])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_numbers_that_are_not_finite_or_out_of_range_are_bad_rows(tmp_path, value, column):
    fields = ["5", "100", "10"]
    fields[column] = value
    for name, reader in (
        ("arrival_s,prompt_tokens,output_tokens", read_request_table),
        ("arrival_s,duration_s,accelerators", read_job_table),
    ):
        path = write(tmp_path, "t.csv", f"{name}\n4,100,10\n{','.join(fields)}\n")
        assert "t.csv:3: " in error_of(reader, path)
        assert len(reader(path, leave_out_bad=True)) == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("h,nan,8,h", "f.csv:2: nodes[1].units: 'nan' is not a whole number"),
        ("h,1e9,8,h", "nodes[1].units: '1e9' is not a whole number"),
        ("h,9000000,8,h", "'9000000' is too large; it is at most 1e+06"),
        ("h,2,99,h", "at most 16 accelerators in a node"),
        ("=h,2,8,h", "begins as a formula"),
        ("h,2,8,a|b", "names several models"),
        (",2,8,h", "nodes[1].offer: is missing"),
    ],
)
def test_a_fleet_names_line_field_and_value(tmp_path, row, words):
    path = write(tmp_path, "f.csv", f"offer,units,accelerators,model\n{row}\n")
    assert words in error_of(read_fleet, path)


def test_a_column_that_a_fleet_does_not_have_is_named(tmp_path):
    path = write(tmp_path, "f.csv", "offer,units,accelerators,cpu_core\nh,2,8,4\n")
    assert "f.csv:1: unknown column 'cpu_core'; did you mean cpu_cores?" in error_of(read_fleet, path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base_s": "NaN"}, "replicas[1].base_s: 'NaN' is not a number"),
        ({"base_s": 0}, "replicas[1].base_s: '0' is too small"),
        ({"memory_tokens": 1e300}, "replicas[1].memory_tokens: '1e+300' is not a whole number"),
        ({"sequences": 10**9}, "replicas[1].sequences: '1000000000' is too large; it is at most 100000"),
        ({"sequences": True}, "replicas[1].sequences: 'true' is not a number"),
        ({"memory_tokens": 4}, "memory holds at least a page"),
        ({"color": 1}, "replicas[1].color: unknown field"),
    ],
)
def test_a_replica_names_line_field_and_value(tmp_path, changes, words):
    path = write(tmp_path, "r.json", json.dumps({"replicas": [REPLICA | changes]}, indent=1))
    assert words in error_of(read_replica_kinds, path)


@pytest.mark.parametrize(
    "text", ['{"replicas": NaN}', "[" * 100_000, '{"a": 1, "a": 2}', '{"a": ' + "9" * 5000 + "}"]
)
def test_json_that_is_none_is_an_error_and_no_traceback(tmp_path, text):
    assert "not JSON" in error_of(read_replica_kinds, write(tmp_path, "r.json", text))


def test_places_in_json_are_lines_and_columns():
    places = find_places('{"a": [1,\n  {"b,]": "x", "c": null}],\n "d": {}}')
    assert places["a", 1, "c"] == (2, 21)
    assert places["a", 1, "b,]"] == (2, 11)
    assert places["d",] == (3, 7)


def test_what_is_not_defined_is_null_in_json_and_no_derating(tmp_path):
    replicas = write(tmp_path, "r.json", json.dumps({"replicas": [REPLICA]}))
    requests = write(tmp_path, "q.csv", "arrival_s,prompt_tokens,output_tokens\n5,100,1\n5,100,1\n")
    text = printed("replay", "--trace", requests, "--replicas", replicas, "--slo", "ttft=1s", "--json")
    document = json.loads(text, parse_constant=pytest.fail)
    assert document["highest_load_per_s"] is None
    assert document["tpot_s"]["mean"] is None
    assert document["deratings"] == []
    fleet = write(tmp_path, "f.csv", "offer,units,accelerators\na,2,8\n")
    jobs = write(tmp_path, "j.csv", "arrival_s,duration_s,accelerators\n5,10,1\n5,10,1\n")
    document = json.loads(
        printed("replay", "--trace", jobs, "--fleet", fleet, "--json"), parse_constant=pytest.fail
    )
    assert document["load"] is None
    assert document["deratings"] == []
    assert "arrive at once" in document["note"]


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


def test_units_of_json_lines_are_recognised_or_asked_for(tmp_path):
    one = {"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [0, 1]}
    trace = read_mooncake(write(tmp_path, "a_trace.jsonl", lines(one, one | {"timestamp": 1500})))
    assert (trace.span_s, trace.block_tokens) == (1.5, 512)
    chat = {"chat_id": 1, "timestamp": 61.5, "input_length": 33, "output_length": 5, "hash_ids": [4, 5, 6]}
    path = write(tmp_path, "qwen_x.jsonl", lines(chat, chat | {"timestamp": 64.0}))
    trace = read_trace(path)
    assert (trace.span_s, trace.block_tokens) == (2.5, 16)
    path = write(tmp_path, "b_trace.jsonl", lines(one, one | {"timestamp": 1.5}))
    assert "may be s or ms" in error_of(read_mooncake, path)
    assert read_trace(path, time_unit="s").span_s == 1.5
    path = write(tmp_path, "c_trace.jsonl", lines(one, one | {"timestamp": 9, "hash_ids": [1, 2, 3]}))
    assert "c_trace.jsonl:2: hash_ids: 3 blocks for 600 tokens" in error_of(read_mooncake, path)
    assert "has 3 blocks for 600 tokens" in error_of(read_mooncake, path, block_tokens=512)
    assert len(read_mooncake(path, block_tokens=512, leave_out_bad=True)) == 1
    own = write(tmp_path, "own.csv", "arrival_s,prompt_tokens,output_tokens\n0,1,1\n")
    assert "for JSON lines" in error_of(read_trace, own, time_unit="s")


TABLE = "arrival_s,prompt_tokens,output_tokens\n0.5,100,20\n2.5,101,21\n"


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode("utf-8-sig"),
        TABLE.encode("utf-16"),
        b'"arrival_s","prompt_tokens","output_tokens"\n"0.5","100","20"\n"2.5","101","21"\n',
        b" arrival_s , prompt_tokens,output_tokens \r\n 0.5 , 100,20 \r\n2.5,101,21\r\n",
        b"arrival_s;prompt_tokens;output_tokens\n0,5;100;20\n2,5;101;21\n",
        b"arrival_s\tprompt_tokens\toutput_tokens\n0.5\t100\t20\n2.5\t101\t21\n",
    ],
)
def test_marks_quotes_spaces_and_separators_of_tables_are_read(tmp_path, content):
    trace = read_trace(write(tmp_path, "t.csv", content))
    assert trace.span_s == 2.0
    assert trace.prompt_tokens.tolist() == [100, 101]


def test_times_to_the_minute_are_read_and_bad_ones_are_quoted(tmp_path):
    text = "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00,5,6\n2024-05-10 00:01,5,6\n"
    assert read_trace(write(tmp_path, "t.csv", text)).span_s == 60.0
    path = write(tmp_path, "u.csv", text + "10th of May,5,6\n")
    said = error_of(read_trace, path)
    assert "u.csv:4: time of arrival: 1 row without a finite time" in said
    assert "'10th of May'" in said


def test_a_row_with_too_many_fields_names_its_line(tmp_path):
    said = error_of(read_trace, write(tmp_path, "t.csv", TABLE + "3,1,1,1\n"))
    assert "t.csv:4: has 4 fields, and the heading 3" in said


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.name)
def test_what_is_no_regular_file_of_text_is_one_clear_error(tmp_path, entry):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    write(tmp_path, "empty", b"")
    write(tmp_path, "binary", bytes(range(256)))
    write(tmp_path, "cut.csv.gz", gzip.compress(bytes(100_000))[:80])
    for name in (
        "fifo",
        "loop",
        "empty",
        "binary",
        "cut.csv.gz",
        "none",
        "n" * 300,
        "z\0z",
        "/dev/zero",
        ".",
    ):
        with pytest.raises(CaseError) as caught:
            read_trace(tmp_path / name, format_name=entry.name)
        assert len(caught.value.problems) == 1


def test_a_small_file_that_unpacks_to_gigabytes_is_refused(tmp_path):
    path = write(tmp_path, "bomb.csv.gz", gzip.compress(bytes(2_000_000)))
    assert "more than 1 MB when unpacked" in error_of(read_bytes, path, 1_000_000)


def test_parquet_that_is_damaged_or_holds_lists_is_an_error(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"arrival_s": [[1.0]], "duration_s": [1.0], "accelerators": [1.0]}).write_parquet(path)
    assert "arrival_s holds lists" in error_of(read_job_table, path)
    content = path.read_bytes()
    path.write_bytes(content[:20] + bytes(20) + content[40:])
    error_of(read_job_table, path)


def test_text_of_a_file_is_shown_as_it_is(tmp_path):
    """Brackets are markup to the terminal's printer, and an escape would be obeyed by the terminal."""
    fleet = write(tmp_path, "f.csv", "offer,units,accelerators\n[/]x,2,8\n[b]y,2,8\n")
    jobs = write(
        tmp_path, "[j].csv", "arrival_s,duration_s,accelerators,tenant\n0,9,1,[/a]\n1,9,1,\x1b[31mred\n"
    )
    text = printed("replay", "--trace", jobs, "--fleet", fleet)
    assert all(one in text for one in ("[/]x", "[b]y", "[/a]", "\\x1b[31mred"))
    assert "\x1b" not in text


@pytest.mark.parametrize("option", [("--load", "nan"), ("--load", "1e-300"), ("--load", "inf")])
def test_a_factor_that_is_not_finite_is_refused(tmp_path, option):
    jobs = write(tmp_path, "j.csv", "arrival_s,duration_s,accelerators\n0,9,1\n1,9,1\n")
    fleet = write(tmp_path, "f.csv", "offer,units,accelerators\na,2,8\n")
    assert "--load" in error_of(printed, "replay", "--trace", jobs, "--fleet", fleet, *option)


def test_a_file_that_is_no_derating_is_never_written_over(tmp_path):
    jobs = write(tmp_path, "j.csv", "arrival_s,duration_s,accelerators\n0,9,1\n1,9,1\n9,9,1\n")
    fleet = write(tmp_path, "f.csv", "offer,units,accelerators\na,2,8\n")
    command = ("replay", "--trace", jobs, "--fleet", fleet, "--out")
    before = jobs.read_bytes()
    assert error_of(printed, *command, jobs)
    assert jobs.read_bytes() == before
    printed(*command, tmp_path / "d.csv")
    printed(*command, tmp_path / "d.csv")  # its own it replaces
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_file_is_read_or_refused_in_words(tmp_path, data):
    """Bytes are cut, doubled and put in place of others; nothing but errors of our own may come out."""
    texts = {
        "f.csv": (b"offer,units,accelerators,cpu_cores\na,2,8,128\nb,3,4,64\n", read_fleet),
        "r.json": (json.dumps({"replicas": [REPLICA]}).encode(), read_replica_kinds),
        "a_trace.jsonl": (
            lines({"timestamp": 0, "input_length": 600, "output_length": 5}).encode(),
            read_mooncake,
        ),
        "x_sacct.txt": ((HEADING + job(1) + job(2)).encode(), read_slurm),
        "t.csv": (TABLE.encode(), read_request_table),
    }
    name = data.draw(st.sampled_from(sorted(texts)))
    content, reader = texts[name]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        more = data.draw(
            st.sampled_from([b"", b"nan", b"1e999", b"-", b'"', b"\0", b"{", b"|", b",", b"\n", b"9" * 400])
        )
        content = content[:at] + more + content[min(len(content), at + data.draw(st.integers(0, 5))) :]
    try:
        reader(write(tmp_path, name, content))
    except CapexpandError as error:
        said = error
    else:
        said = None
    assert said is None or (said.exit_code in (2, 3, 4) and "Error" not in str(said))


def test_a_table_of_many_columns_is_refused_by_those_that_it_lacks(tmp_path):
    """Sensitivity: names that are counted once for each name take minutes here."""
    file = tmp_path / "fleet.csv"
    file.write_text("," * 100_000)
    with pytest.raises(CaseError, match="lacks the columns offer, units, accelerators"):
        read_fleet(file)


def test_of_many_keys_in_one_object_the_one_that_stands_twice_is_named(tmp_path):
    file = tmp_path / "fleet.json"
    keys = ", ".join(f'"key{i}": 0' for i in range(50_000))
    file.write_text(f'{{{keys}, "last": 0, "last": 1}}')
    with pytest.raises(CaseError, match="'last' stands twice in one object"):
        read_fleet(file)

"""Every reader on small traces made here, good and bad; the published figures on the real ones."""

import gzip
import io
import json
import tarfile

import numpy as np
import polars as pl
import pytest

from capexpand.errors import CaseError
from capexpand.replay.sources import jobs, requests
from capexpand.replay.sources.catalogue import FORMATS, find_format, find_traces, read_trace, recognise
from capexpand.replay.sources.servegen import generate_servegen
from capexpand.replay.sources.slurm import parse_resources, read_slurm
from capexpand.replay.sources.tables import parse_times, read_columns
from capexpand_reproductions.mooncake import reusable_fraction

AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
POD = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,"
    "creation_time,deletion_time,scheduled_time\n"
)
OWN_JOBS = "arrival_s,duration_s,accelerators\n"
OWN_REQUESTS = "arrival_s,prompt_tokens,output_tokens\n"


def write(folder, name, text):
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def messages(caught):
    return "\n".join(str(problem) for problem in caught.value.problems)


def test_azure_2023_is_read_with_its_seven_digits(tmp_path):
    rows = "2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n"
    trace = requests.read_azure(write(tmp_path, "a.csv.gz", AZURE + rows))
    assert trace.arrival_s.tolist() == pytest.approx([0, 4.314579])
    assert trace.prompt_tokens.tolist() == [374, 396]
    assert trace.output_tokens.tolist() == [44, 109]


def test_azure_2024_is_read_with_its_time_zone(tmp_path):
    rows = "2024-05-10 00:00:00.009930+00:00,10,1\n2024-05-10 02:00:01.009930+02:00,20,2\n"
    trace = requests.read_azure(write(tmp_path, "a.csv", AZURE + rows))
    assert trace.arrival_s.tolist() == pytest.approx([0, 1])


def test_mooncake_is_read_with_its_prefixes(tmp_path):
    lines = [
        {"timestamp": 0, "input_length": 1100, "output_length": 5, "hash_ids": [70, 71, 72]},
        {"timestamp": 1500, "input_length": 700, "output_length": 6, "hash_ids": [70, 99]},
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    trace = requests.read_mooncake(write(tmp_path, "x_trace.jsonl.gz", text))
    assert trace.arrival_s.tolist() == [0, 1.5]
    assert trace.blocks.tolist() == [0, 1, 2, 0, 3]
    assert trace.first_block.tolist() == [0, 3, 5]
    assert reusable_fraction(trace) == pytest.approx(512 / 1800)


def test_what_a_prompt_reuses_ends_at_its_first_new_block(tmp_path):
    """The third prompt has blocks 1, 9, 2: only the first counts, though block 2 was seen too."""
    rows = [([1, 2], 1024), ([1, 2], 1000), ([1, 9, 2], 1536)]
    lines = [
        {"timestamp": i, "input_length": size, "output_length": 1, "hash_ids": blocks}
        for i, (blocks, size) in enumerate(rows)
    ]
    path = write(tmp_path, "x_trace.jsonl", "\n".join(map(json.dumps, lines)))
    # the second reuses all of its 1,000 tokens, since its last block is partly filled
    assert reusable_fraction(requests.read_mooncake(path)) == pytest.approx(1512 / 3560)


def test_the_projects_own_tables_are_read(tmp_path):
    text = OWN_JOBS.strip() + ",members,models,tenant,priority\n0,5,2,3,A|B,x,1\n1,6,4,,,y,\n"
    trace = jobs.read_job_table(write(tmp_path, "j.csv", text))
    assert trace.members.tolist() == [3, 1]
    assert trace.models == ("A|B", "")
    assert trace.tenants == ("x", "y")
    assert trace.priority.tolist() == [1, 0]
    frame = pl.DataFrame({"arrival_s": [0.0, 1.0], "prompt_tokens": [5, 6], "output_tokens": [1, 2]})
    frame.with_columns(prefix=pl.lit("3 4"), block_tokens=2).write_parquet(tmp_path / "r.parquet")
    own = requests.read_request_table(tmp_path / "r.parquet")
    assert own.block_tokens == 2
    assert own.blocks.tolist() == [0, 1, 0, 1]


def test_alibaba_2023_counts_tasks_that_never_ran(tmp_path):
    rows = "a,1000,10,1,300,A|B,LS,Running,100,160,110\nb,1000,10,0,0,,BE,Pending,50,70,\n"
    trace = jobs.read_alibaba_gpu_2023(write(tmp_path, "openb_pod_list_x.csv", POD + rows))
    assert trace.duration_s.tolist() == [50]
    assert trace.accelerator_milli.tolist() == [300]
    assert trace.exclusions.counts == {"never scheduled": 1}
    assert trace.exclusions.rows == 2


def test_alibaba_2025_lets_instances_begin_before_and_end_after_the_trace(tmp_path):
    head = "instance_sn,app_name,cpu_request,gpu_request,memory_request,creation_time,deletion_time\n"
    rows = "i0,app_0,12,1,120,,\ni1,app_1,4,0,8,100,160\n"
    trace = jobs.read_alibaba_dlrm_2025(write(tmp_path, "d.csv", head + rows))
    assert trace.duration_s.tolist() == [31 * 86400, 60]
    assert trace.cpu_milli.tolist() == [12_000, 4000]
    assert trace.memory_mib.tolist() == [120 * 1024, 8 * 1024]


def test_alibaba_2026_is_read_out_of_its_archive(tmp_path):
    text = "gmt_create,predict_status,exec_time_seconds,groupId\n"
    text += "2024-11-15 16:57:50,SUCCEED,32.0,G0\n2024-11-15 16:58:50,FAILED,,G1\n"
    path = tmp_path / "lora_request_trace.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (("._lora_request_trace.csv", "x"), ("lora_request_trace.csv", text)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content.encode()))
    trace = jobs.read_alibaba_genai_2026(path)
    assert trace.duration_s.tolist() == [32]
    assert trace.exclusions.counts == {"not successful": 1}
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(path.read_bytes()[:60])
    with pytest.raises(CaseError, match="damaged or cut off"):
        jobs.read_alibaba_genai_2026(cut)


def test_philly_and_helios_are_read(tmp_path):
    text = "timestamp,duration,num_gpus,cluster\n2017-09-04 10:30:41,60,8,vc1\n2017-09-04 10:31:41,30,1,vc2\n"
    trace = jobs.read_philly(write(tmp_path, "philly.csv", text))
    assert trace.arrival_s.tolist() == [0, 60]
    assert trace.tenants == ("vc1", "vc2")
    text = "job_id,vc,gpu_num,cpu_num,submit_time,duration\n"
    text += "1,a,2,8,2020-04-01 00:00:10,5\n2,b,0,4,2020-04-01 00:00:00,9\n"
    trace = jobs.read_helios(write(tmp_path, "cluster_log.csv", text))
    assert trace.accelerators.tolist() == [0, 2]
    assert trace.cpu_milli.tolist() == [4000, 8000]


def test_slurm_is_read_without_steps_and_unfinished_jobs(tmp_path):
    text = "JobID|User|Account|State|Submit|Start|End|NNodes|Priority|AllocTRES|ReqTRES\n"
    text += "7|u|lab|COMPLETED|2024-05-10T12:00:00|2024-05-10T12:01:00|2024-05-10T12:11:00|2|5|"
    text += "billing=8,cpu=16,gres/gpu:h100=16,gres/gpu=16,mem=200G,node=2|\n"
    text += "7.batch||lab|COMPLETED|2024-05-10T12:00:00|2024-05-10T12:01:00|2024-05-10T12:11:00|1||cpu=8|\n"
    text += "8|u||RUNNING|2024-05-10T12:00:00|2024-05-10T12:01:00|Unknown|1|1|cpu=1|\n"
    text += "9|v||COMPLETED|2024-05-10T11:59:00|2024-05-10T12:00:00|2024-05-10T12:00:30|1|1||cpu=4,mem=512M\n"
    trace = read_slurm(write(tmp_path, "sacct.txt", text))
    assert trace.arrival_s.tolist() == [0, 60]
    assert trace.duration_s.tolist() == [30, 600]
    assert (trace.accelerators * trace.members).tolist() == [0, 16]
    assert trace.members.tolist() == [1, 2]
    assert trace.cpu_milli.tolist() == [4000, 8000]
    assert trace.memory_mib.tolist() == [512, 102_400]
    assert trace.models[trace.model_index[1]] == "h100"
    assert trace.tenants == ("v", "lab")
    assert trace.exclusions.counts == {"not started or not ended": 1}


@pytest.mark.parametrize(
    ("text", "accelerators", "model", "memory"),
    [
        ("cpu=8,gres/gpu=2,mem=4G", 2, "", 4096),
        ("gres/gpu:a100=4,mem=128Mc", 4, "a100", 128),
        ("gres/gpu:a100=4,gres/gpu:h100=2", 6, "", 0),
        ("", 0, "", 0),
    ],
)
def test_resources_are_read_as_slurm_writes_them(text, accelerators, model, memory):
    found = parse_resources(text)
    assert (found.accelerators, found.model, found.memory_mib) == (accelerators, model, memory)


def test_slurm_without_resources_is_refused(tmp_path):
    path = write(tmp_path, "sacct.txt", "JobID|Submit|Start|End\n1|a|b|c\n")
    with pytest.raises(CaseError, match="AllocTRES or ReqTRES"):
        read_slurm(path)


def servegen_folder(folder):
    levels = [
        "q00",
        "q01",
        "q05",
        "q10",
        "q20",
        "q30",
        "q40",
        "q50",
        "q60",
        "q70",
        "q80",
        "q90",
        "q95",
        "q99",
    ]
    rates = {"model": ["m", "m", "m"], "client": [0, 0, 1], "t": [0, 600, 0], "rate": [2.0, 1.0, 4.0]}
    pl.DataFrame(rates | {"pat": ["Gamma", "Weibull", "Gamma"], "p1": [0.5, 0.7, 1.0]}).write_parquet(
        folder / "client_rates.parquet"
    )
    lengths = {"model": ["m", "m"], "client": [0, 0], "t": [0, 0], "field": ["input_tokens", "output_tokens"]}
    values = {level: [100.0, 10.0] for level in [*levels, "q100"]}
    pl.DataFrame(lengths | values).write_parquet(folder / "client_length_quantiles.parquet")
    return folder


def test_servegen_draws_at_the_measured_rates(tmp_path):
    trace = generate_servegen(servegen_folder(tmp_path), model="m", span_s=1200, load=10, seed=1)
    assert len(trace) == pytest.approx(18_000, rel=0.05)
    assert (trace.arrival_s < 600).sum() == pytest.approx(12_000, rel=0.05)
    assert set(trace.prompt_tokens.tolist()) == {100}
    assert trace.exclusions.counts == {"expected of clients without lengths": 24_000}
    again = generate_servegen(tmp_path, model="m", span_s=1200, load=10, seed=1)
    assert again.arrival_s.tolist() == trace.arrival_s.tolist()


def test_servegen_gaps_have_the_measured_shape(tmp_path):
    """Gamma gaps of shape 0.5 have a coefficient of variation of sqrt(2); Poisson would have 1."""
    trace = generate_servegen(servegen_folder(tmp_path), model="m", span_s=600, load=50, seed=2)
    gaps = np.diff(trace.arrival_s)
    assert gaps.std() / gaps.mean() == pytest.approx(2**0.5, rel=0.05)


def test_servegen_names_its_models_and_empty_spans(tmp_path):
    folder = servegen_folder(tmp_path)
    with pytest.raises(CaseError, match="there are m"):
        generate_servegen(folder, model="z")
    with pytest.raises(CaseError, match="no request"):
        generate_servegen(folder, model="m", start_s=1e6)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("-1,5,5", "negative time"),
        ("0,0,5", "without prompt tokens"),
        ("0,5,0", "without output tokens"),
        ("nan,5,5", "without a finite time"),
        ("0.5,5,5\n0.2,5,5", "not in order, first at row 3"),
        ("0,x,5", "'x' is not a number"),
    ],
)
def test_bad_requests_are_an_error_or_counted_as_the_user_chooses(tmp_path, row, message):
    path = write(tmp_path, "r.csv", OWN_REQUESTS + "0.1,7,7\n" + row + "\n")
    with pytest.raises(CaseError) as caught:
        requests.read_request_table(path)
    assert message in messages(caught)
    trace = requests.read_request_table(path, leave_out_bad=True)
    assert 7 in trace.prompt_tokens
    if "order" in message:
        assert (np.diff(trace.arrival_s) >= 0).all()
    else:
        assert trace.exclusions.total == 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("-1,5,1", "negative time"),
        ("0,-5,1", "negative running time"),
        ("0,nan,1", "without a running time"),
        ("0,5,-1", "number of accelerators"),
        ("5,5,1\n2,5,1", "not in order"),
    ],
)
def test_bad_jobs_are_an_error_or_counted_as_the_user_chooses(tmp_path, row, message):
    path = write(tmp_path, "j.csv", OWN_JOBS + "0,7,7\n" + row + "\n")
    with pytest.raises(CaseError) as caught:
        jobs.read_job_table(path)
    assert message in messages(caught)
    trace = jobs.read_job_table(path, leave_out_bad=True)
    assert trace.exclusions.total == ("order" not in message)


def test_all_problems_of_a_trace_come_at_once(tmp_path):
    path = write(tmp_path, "r.csv", OWN_REQUESTS + "-1,5,5\n0,0,5\n0,5,0\n")
    with pytest.raises(CaseError) as caught:
        requests.read_request_table(path)
    assert all(word in messages(caught) for word in ("negative", "prompt", "output", "no usable row"))


def test_shares_and_gangs_that_make_no_sense_are_refused(tmp_path):
    head = OWN_JOBS.strip() + ",accelerator_milli,members\n"
    path = write(tmp_path, "j.csv", head + "0,1,2,500,1\n0,1,1,0,1\n0,1,1,1000,0\n")
    with pytest.raises(CaseError) as caught:
        jobs.read_job_table(path)
    assert all(word in messages(caught) for word in ("share of several", "outside 1..1000", "gang of nobody"))


def test_a_truncated_gzip_is_one_clear_error(tmp_path):
    whole = gzip.compress((AZURE + "2023-11-16 18:15:46.68,374,44\n" * 500).encode())
    path = tmp_path / "a.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CaseError, match="damaged or cut off"):
        requests.read_azure(path)


def test_missing_columns_are_named_beside_those_that_are_there(tmp_path):
    path = write(tmp_path, "a.csv", "TIMESTAMP,Tokens\n1,2\n")
    with pytest.raises(
        CaseError, match="lacks the columns ContextTokens, GeneratedTokens; it has 'TIMESTAMP', 'Tokens'"
    ):
        requests.read_azure(path)


@pytest.mark.parametrize(
    "line", ["{", '{"timestamp": 0}', '{"timestamp": 0, "input_length": "a", "output_length": 1}']
)
def test_damaged_lines_of_mooncake_are_named_or_counted(tmp_path, line):
    good = json.dumps({"timestamp": 0, "input_length": 10, "output_length": 5, "hash_ids": [1]})
    path = write(tmp_path, "x_trace.jsonl", f"{good}\n{line}\n")
    with pytest.raises(CaseError) as caught:
        requests.read_mooncake(path)
    assert caught.value.problems[0].line == 2
    assert requests.read_mooncake(path, leave_out_bad=True).exclusions.total == 1


def test_files_that_are_not_there_or_no_tables_are_clear_errors(tmp_path):
    with pytest.raises(CaseError, match="no such file"):
        read_columns(tmp_path / "none.csv", {})
    with pytest.raises(CaseError, match="is a folder"):
        read_columns(tmp_path, {})
    broken = write(tmp_path, "x.parquet", "not parquet")
    with pytest.raises(CaseError, match="cannot be read as Parquet"):
        read_columns(broken, {})


def test_prefixes_of_the_own_table_need_one_block_size(tmp_path):
    head = OWN_REQUESTS.strip() + ",prefix,block_tokens\n"
    path = write(tmp_path, "r.csv", head + "0,5,5,1 2,\n")
    with pytest.raises(CaseError, match="block_tokens: needs one size"):
        requests.read_request_table(path)
    path = write(tmp_path, "r.csv", head + "0,5,5,1 x,4\n")
    with pytest.raises(CaseError, match="'1 x' is not a list of whole numbers"):
        requests.read_request_table(path)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01 00:01:00", 60),
        ("1970-01-01T00:01:00Z", 60),
        ("1970-01-01 01:00:00.5+01:00", 0.5),
        ("1970-01-01 00:00:00-0130", 5400),
        ("12.25", 12.25),
        ("Unknown", float("nan")),
    ],
)
def test_times_are_read_however_they_are_written(text, seconds):
    assert parse_times(pl.Series([text]))[0] == pytest.approx(seconds, nan_ok=True)


def test_formats_are_recognised_by_name_or_columns(tmp_path):
    assert recognise(write(tmp_path, "openb_pod_list_x.csv", POD)).name == "alibaba-gpu-2023"
    assert recognise(write(tmp_path, "mine.csv", OWN_JOBS)).name == "jobs"
    assert recognise(write(tmp_path, "mine.csv.gz", AZURE)).name == "azure"
    assert recognise(write(tmp_path, "acct.txt", "JobID|Submit|Start|End\n")).name == "slurm"
    assert recognise(write(tmp_path, "other.csv", "a,b\n")) is None
    with pytest.raises(CaseError, match="not recognised"):
        read_trace(tmp_path / "other.csv")
    with pytest.raises(CaseError, match="unknown format"):
        find_format("nothing")
    with pytest.raises(CaseError, match="no such file"):
        read_trace(tmp_path / "none.csv")


def test_every_format_says_where_it_is_had_and_under_which_terms():
    for entry in FORMATS:
        assert entry.origin
        assert entry.licence
        assert entry.contents


def test_mooncakes_table_is_reproduced(traces):
    """FAST 2025, table 2: mean lengths as published; the cache ratio as measured with an infinite cache."""
    path = traces / "mooncake_fast25" / "conversation_trace.jsonl.gz"
    conversation = requests.read_mooncake(path)
    synthetic = requests.read_mooncake(path.with_name("synthetic_trace.jsonl.gz"))
    assert len(conversation) == 12_031
    assert round(conversation.prompt_tokens.mean()) == 12_035
    assert round(conversation.output_tokens.mean()) == 343
    assert reusable_fraction(conversation) == pytest.approx(0.3736, abs=5e-5)
    assert len(synthetic) == 3993
    assert round(synthetic.prompt_tokens.mean()) == 15_325
    assert round(synthetic.output_tokens.mean()) == 149
    assert reusable_fraction(synthetic) == pytest.approx(0.651, abs=5e-4)


def test_every_real_trace_of_the_folder_is_read(traces):
    read = 0
    for path, entry in find_traces(traces):
        if "multigpu" in path.name:
            continue  # these lists have no times
        trace = entry.reader(path, leave_out_bad=True)
        assert len(trace) > 3000
        read += 1
    assert read > 5

"""Every reader of a user's files, each fed with a spoilt file by seeded dice.

A reader returns, or raises an error of the project; anything else is a finding. ``fuzz.py`` feeds them by the
thousand, the tests by the dozen.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from claim_files import try_article, try_table
from kinds_of_file import ANSWERS, ARTICLE, CONFIG, LINE, MEASURED, PODS, REPLICA, ROOT, make_good
from planner_files import try_actuals, try_axes, try_run_workbook, try_workbook
from program_files import bases
from samples import BENCHMARKS, DERATING, MEASURED_RUN, META, NODE, NODES, SACCT, TABLES
from spoiling import (
    packed,
    spoilt_binary,
    spoilt_bytes,
    spoilt_json,
    spoilt_table,
    spoilt_text,
)

import capexpand as cx
from capexpand.case.loading import load_case
from capexpand.case.replayed_shares import read_deratings
from capexpand.files import read_text
from capexpand.files.records import packed_record, whole_records
from capexpand.forecasting.forecast import forecast
from capexpand.forecasting.series_file import read_guidance, read_series
from capexpand.hardware.calibration import calibrate_file, read_calibration
from capexpand.hardware.estimate import ServingQuestion, serve
from capexpand.hardware.own import read_chip, read_model_config
from capexpand.hardware.specs import Load
from capexpand.replay.fleet import read_fleet
from capexpand.replay.sizing import read_replica_kinds
from capexpand.replay.sources.catalogue import read_trace
from capexpand.replay.sources.servegen import generate_servegen
from capexpand.runs.planned_fleet import read_planned_fleet
from capexpand.sddp.checkpoint import CheckpointLog
from capexpand.sddp.formats.reading import read_problem
from capexpand.sddp.solving import SolveSettings, solve
from capexpand.sddp.training import TrainingSettings, train
from capexpand.studies.breakeven.distribution import of_policy_run
from capexpand_reproductions.fgd import read_nodes, read_workload
from capexpand_reproductions.step_times import fit_and_predict
from capexpand_reproductions.vllm_runs import find_runs, read_run

Reader = Callable[[random.Random, Path], object]
"""Spoils a file in a folder and reads it. What stands in the folder may be used again by the next."""


def _written(place: Path, content: bytes | str) -> Path:
    place.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return place


def _table(dice: random.Random, text: str) -> bytes:
    """Return a table of which cells or bytes are spoilt."""
    if dice.random() < 0.5:
        return spoilt_table(text, dice).encode("utf-8", "surrogatepass")
    return spoilt_bytes(text.encode(), dice)


def _case(dice: random.Random, folder: Path) -> None:
    cases = folder / "cases"
    if not cases.exists():
        shutil.copytree(ROOT / "cases", cases)
    files = sorted(file for file in cases.rglob("*") if file.suffix in (".yaml", ".csv"))
    file = dice.choice(files)
    good = file.read_bytes()
    text = good.decode()
    spoilt = (
        spoilt_table(text, dice) if file.suffix == ".csv" and dice.random() < 0.7 else spoilt_text(text, dice)
    )
    _written(file, spoilt)
    top = next((place for place in (file, *file.parents) if (place / "case.yaml").is_file()), file.parent)
    try:
        cx.check(file if file.suffix == ".yaml" and file.name != "case.yaml" else top)
    finally:
        file.write_bytes(good)


def _program(name: str, dice: random.Random, folder: Path) -> None:
    content = spoilt_json(bases()[name], dice)
    small = dice.random() < 0.05
    file = _written(folder / f"p.json{'.gz' * small}", packed(content, dice) if small else content)
    found = solve(file, SolveSettings(iterations=4, seconds=5.0, paths=6, back_end="highs"))
    json.dumps(found.document(), allow_nan=False)


def _json_rows(reader: Callable[[Path], object], document: Any, dice: random.Random, folder: Path) -> None:
    reader(_written(folder / "rows.json", spoilt_json(document, dice)))


def _trace(name: str, text: str, dice: random.Random, folder: Path) -> None:
    content = _table(dice, text)
    if dice.random() < 0.03:
        name, content = f"{name}.gz", packed(content, dice)
    trace = read_trace(_written(folder / name, content), leave_out_bad=dice.random() < 0.3)
    json.dumps(trace.span_s, allow_nan=False)


def _mooncake(dice: random.Random, folder: Path) -> None:
    lines = [json.dumps(LINE | {"timestamp": 500 * i}).encode() for i in range(4)]
    lines[dice.randrange(4)] = spoilt_json(LINE, dice)
    read_trace(_written(folder / "x_trace.jsonl", b"\n".join(lines)), leave_out_bad=dice.random() < 0.3)


def _frame(dice: random.Random, columns: dict[str, list[Any]]) -> Any:
    """Return a table with some of its cells, columns and types spoilt."""
    import polars as pl

    held = {name: list(values) for name, values in columns.items()}
    for _ in range(dice.choice((0, 1, 1, 2))):
        name = dice.choice(list(held))
        way = dice.random()
        if way < 0.6:
            held[name][dice.randrange(len(held[name]))] = dice.choice(
                (None, -1, 0, 1e308, float("nan"), float("inf"), 2**62, 1e-300, 0.5)
            )
        elif way < 0.7:
            held[name] = [str(value) for value in held[name]]
        elif way < 0.8:
            held[name] = [[value] for value in held[name]]
        else:
            del held[name]
    frame = pl.DataFrame({name: pl.Series(name, values, strict=False) for name, values in held.items()})
    return frame.select(pl.exclude(pl.Object))


def _parquet(dice: random.Random, place: Path, columns: dict[str, list[Any]]) -> None:
    _frame(dice, columns).write_parquet(place)
    if dice.random() < 0.2:
        place.write_bytes(spoilt_binary(place.read_bytes(), dice))


def _trace_in_parquet(dice: random.Random, folder: Path) -> None:
    if dice.random() < 0.5:
        _parquet(
            dice,
            folder / "j.parquet",
            {"arrival_s": [0.0, 5.0, 9.0], "duration_s": [9.0, 9.0, 60.0], "accelerators": [1.0, 8.0, 2.0]},
        )
        read_trace(folder / "j.parquet")
    else:
        _parquet(
            dice,
            folder / "philly_jobs.parquet",
            {
                "timestamp": ["2017-10-01 00:00:00"] * 3,
                "duration": [60.0, 50.0, 9.0],
                "num_gpus": [4, 1, 2],
                "cluster": ["a", "b", "a"],
            },
        )
        read_trace(folder / "philly_jobs.parquet")


def _servegen(dice: random.Random, folder: Path) -> None:
    levels = (0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 100)
    rates = {
        "model": ["m"] * 2,
        "client": [1, 2],
        "t": [0, 600],
        "rate": [0.5, 0.1],
        "pat": ["Gamma", "Weibull"],
        "p1": [1.0, 0.8],
    }
    lengths = {
        "model": ["m"] * 4,
        "client": [1, 1, 2, 2],
        "t": [0, 0, 0, 0],
        "field": ["input_tokens", "output_tokens"] * 2,
        **{f"q{level:02d}": [10.0 + level] * 4 for level in levels},
    }
    _parquet(dice, folder / "client_rates.parquet", rates)
    _parquet(dice, folder / "client_length_quantiles.parquet", lengths)
    generate_servegen(folder, model="m", span_s=dice.choice((600.0, 3600.0)))


def _vllm_run(dice: random.Random, folder: Path) -> None:
    run = folder / "run"
    run.mkdir(exist_ok=True)
    lines = [json.dumps(line).encode() for line in MEASURED_RUN]
    meta: bytes = json.dumps(META).encode()
    if dice.random() < 0.5:
        lines[dice.randrange(len(lines))] = spoilt_json(MEASURED_RUN[3], dice)
    else:
        meta = spoilt_json(META, dice)
    _written(run / "requests.jsonl", b"\n".join(lines))
    _written(run / "meta.json", meta)
    measured = read_run(find_runs(folder)[0])
    if dice.random() < 0.1:
        fit_and_predict(measured)


def _openb(dice: random.Random, folder: Path) -> None:
    nodes = "sn,cpu_milli,memory_mib,gpu,model\nn1,96000,400000,8,V100\nn2,64000,200000,2,T4\n"
    if dice.random() < 0.5:
        read_nodes(_written(folder / "n.csv", _table(dice, nodes)))
    else:
        read_workload(_written(folder / "w.csv", _table(dice, PODS)))


def _run_folder(dice: random.Random, folder: Path) -> None:
    """Spoil one file of a run, mostly with its new hash in the manifest."""
    whole = folder / "whole"
    if not whole.exists():
        cx.run("two-sites", out=whole)
    work = folder / "run"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(whole, work)
    names = sorted(path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file())
    name = dice.choice(
        [*names, *["run.json", "metrics.json", "tables/serving.parquet", "case/case.yaml"] * 4]
    )
    good = (work / name).read_bytes()
    if name.endswith(".parquet"):
        content = spoilt_binary(good, dice)
        if dice.random() < 0.5:
            import polars as pl

            frame = pl.read_parquet(work / name)
            _frame(dice, frame.head(20).to_dict(as_series=False)).write_parquet(work / name)
            content = (work / name).read_bytes()
    elif name.endswith(".json"):
        content = spoilt_json(json.loads(good), dice)
    else:
        content = spoilt_text(good.decode(), dice).encode("utf-8", "surrogatepass")
    (work / name).write_bytes(content)
    if name != "run.json" and dice.random() < 0.9:
        manifest = json.loads((work / "run.json").read_bytes())
        manifest["files"][name] = sha256(content).hexdigest()
        (work / "run.json").write_text(json.dumps(manifest), "utf-8")
    way = dice.random()
    if way < 0.6:
        read_planned_fleet(work, quarter=dice.choice((None, "2026Q1")))
    elif way < 0.95:
        of_policy_run(work)
    else:
        cx.compare([work, f"{ROOT / 'cases' / 'two-sites'}:late-power"])


_TRAINING = TrainingSettings(
    iterations=8, streams=2, exact_limit=0, checkpoint_rounds=2, stall_iterations=1000, back_end="highs"
)


def _checkpoint(dice: random.Random, folder: Path) -> None:
    """Spoil the bytes of a checkpoint, or its arrays with checksums that hold."""
    graph = read_problem(_written(folder / "p.json", json.dumps(bases()["sddp-case"])))
    good = folder / "good"
    if not good.exists():
        train(graph, settings=_TRAINING, checkpoint=good)
    content = good.read_bytes()
    chunks = [dict(one) for one in whole_records(b"CXJ1", content)[0]]
    if dice.random() < 0.5:
        spoilt = spoilt_binary(content, dice) if dice.random() < 0.7 else spoilt_bytes(content, dice)
    else:
        chunk = dice.choice(chunks)
        name = dice.choice(list(chunk))
        if chunk[name].dtype.kind in "US":
            chunk[name] = _text_array(chunk[name], dice)
        elif chunk[name].size:
            flat = chunk[name].ravel()
            flat[dice.randrange(flat.size)] = dice.choice((0, -1, 1, 7, 2**40))
            if dice.random() < 0.3:
                chunk[name] = flat[: dice.randrange(flat.size + 1)]
        spoilt = b"".join(packed_record(b"CXJ1", one, compressed=False) for one in chunks)
    place = _written(folder / "spoilt", spoilt)
    if dice.random() < 0.7:
        log = CheckpointLog(place, str(chunks[0]["name"]))
        try:
            log.read()
        finally:
            log.close()
    else:
        train(graph, settings=_TRAINING, checkpoint=place)


def _text_array(array: Any, dice: random.Random) -> Any:
    import numpy as np

    return np.array(spoilt_text(str(array), dice).replace("\0", ""))


def _derating(dice: random.Random, folder: Path) -> None:
    rows = (
        "workload,offer,usable,usable_low,usable_high,trace\nchat,all,0.8,0.7,0.9,t\n"
        "chat,server,0.6,0.5,0.7,t\n"
    )
    csv = dice.random() < 0.5
    name = "d.csv" if csv else "d.json"
    _written(folder / name, _table(dice, rows) if csv else spoilt_json(DERATING, dice))
    if dice.random() < 0.8:
        read_deratings(folder / name, tables={})
        return
    text = (ROOT / "cases" / "two-sites" / "case.yaml").read_text("utf-8")
    load_case(
        _written(
            folder / "case.yaml",
            text.replace("usable_share: 50 %", f"utilisation: {{from_replay: {name}, workload: chat}}"),
        )
    )


def _series(dice: random.Random, folder: Path) -> None:
    if not (folder / "case").exists():
        make_good(folder)
    figures, guided = (folder / "series.csv").read_text(), (folder / "guidance.csv").read_text()
    which = dice.random() < 0.6
    one = _written(folder / "s.csv", _table(dice, figures) if which else figures)
    two = _written(folder / "g.csv", guided if which else _table(dice, guided))
    found = read_series(one)
    read_guidance(two, found.series)
    if dice.random() < 0.03:
        forecast(one, two, quarters=2).document()


def _reported(dice: random.Random, folder: Path) -> None:
    """Read the figures of a backtest; one in thirty is carried out."""
    if not (folder / "case").exists():
        make_good(folder)
    place = _written(folder / "s.csv", _table(dice, (folder / "series.csv").read_text()))
    read_series(place)
    if dice.random() < 0.03:
        cx.backtest(folder / "case", series=place, scenarios=20)


def _calibration(dice: random.Random, folder: Path) -> None:
    levels = [
        {"chip": "", "model": "", "log_factor": 0.1, "rows": 2},
        {"chip": "H100", "model": "", "log_factor": 0.1, "rows": 2},
    ]
    document = {"levels": levels, "spread": 0.1, "rows": 2, "before": 0.1, "after": 0.1, "left_out": 0.1}
    known = read_calibration(_written(folder / "c.json", spoilt_json(document, dice)))
    _finite(serve(ServingQuestion("llama-3.1-8b", "H100", load=Load(1024.0, 128.0), calibration=known)))


def _measured(dice: random.Random, folder: Path) -> None:
    json.dumps(asdict(calibrate_file(_written(folder / "m.csv", _table(dice, MEASURED)))), allow_nan=False)


def _benchmark(dice: random.Random, folder: Path) -> None:
    run = BENCHMARKS[dice.choice(sorted(BENCHMARKS))]
    document = run if dice.random() < 0.5 else [run, run]
    place = _written(folder / "b.json", spoilt_json(document, dice))
    json.dumps(asdict(calibrate_file(place)), allow_nan=False)


def _finite(found: Any) -> None:
    json.dumps(asdict(found), allow_nan=False)


def _config(dice: random.Random, folder: Path) -> None:
    more = (
        {"n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 1024}
        if dice.random() < 0.4
        else {}
    )
    read = read_model_config(_written(folder / "config.json", spoilt_json(CONFIG | more, dice)))
    _finite(serve(ServingQuestion(read.spec, "H100", load=Load(1024.0, 128.0))))


def _chip(dice: random.Random, folder: Path) -> None:
    text = (
        "name: own\nfamily: other\nfp16_tflops: 900\nfp8_tflops: 1800\nmemory_gb: 80\n"
        "memory_bandwidth_gb_per_s: 3000\ninterconnect_gb_per_s: 450\nserver_chips: 8\n"
    )
    spoilt = (
        spoilt_text(text, dice).encode("utf-8", "surrogatepass")
        if dice.random() < 0.8
        else spoilt_bytes(text.encode(), dice)
    )
    _finite(
        serve(
            ServingQuestion(
                "llama-3.1-8b", read_chip(_written(folder / "chip.yaml", spoilt)), load=Load(1024.0, 128.0)
            )
        )
    )


def _answers(dice: random.Random, folder: Path) -> None:
    from capexpand.claims.measuring import measure_folder

    rows = ",".join(ANSWERS) + "\none,1,Microsoft,5e9,,USD,total,calendar,2026-07-01,2026-09-30\n"
    _written(folder / "one.txt", ARTICLE)
    _written(folder / "answers.csv", _table(dice, rows))
    measure_folder(folder)


def _text(dice: random.Random, folder: Path) -> None:
    """Read bytes of any kind as text, in the encoding that they name."""
    text = "titre: café\n".encode(dice.choice(("utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1")))
    read_text(
        _written(folder / "t", spoilt_bytes(gzip.compress(text) if dice.random() < 0.1 else text, dice))
    )


READERS: dict[str, Reader] = {
    "cases": _case,
    **{f"programs, {name}": partial(_program, name) for name in bases()},
    "fleets, CSV": lambda dice, folder: read_fleet(_written(folder / "f.csv", _table(dice, NODES))),
    "fleets, JSON": partial(_json_rows, read_fleet, {"nodes": [NODE, NODE | {"offer": "b"}]}),
    "replicas": partial(_json_rows, read_replica_kinds, {"replicas": [REPLICA]}),
    **{f"traces, {kind}": partial(_trace, name, text) for kind, (name, text) in TABLES.items()},
    "traces, slurm": lambda dice, folder: read_trace(
        _written(folder / "x_sacct.txt", spoilt_bytes(SACCT.encode(), dice)),
        leave_out_bad=dice.random() < 0.3,
    ),
    "traces, mooncake": _mooncake,
    "traces, Parquet": _trace_in_parquet,
    "traces, ServeGen": _servegen,
    "traces, vLLM": _vllm_run,
    "nodes and tasks": _openb,
    "run folders": _run_folder,
    "checkpoints": _checkpoint,
    "articles": try_article,
    "claims": try_table,
    "answers": _answers,
    "deratings": _derating,
    "series and guidance": _series,
    "reported figures": _reported,
    "calibrations": _calibration,
    "measurements": _measured,
    "benchmark output": _benchmark,
    "config.json": _config,
    "chips": _chip,
    "texts": _text,
    "workbooks, of a case": try_workbook,
    "workbooks, of a run": try_run_workbook,
    "actuals": try_actuals,
    "axes": try_axes,
}
"""Every reader by its name."""

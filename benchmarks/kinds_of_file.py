"""Files of every kind, and every place of the command line where a path is given.

The places come from the commands themselves, so a new command is tried without a word here. Where it needs
other arguments than those in ``GOOD``, it is refused for them; name them there.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer

from capexpand.cli.main import build_app

ROOT = Path(__file__).parents[1]
TRACE = "arrival_s,duration_s,accelerators\n0,3600,1\n60,3600,2\n120,60,8\n"
REQUESTS = "arrival_s,prompt_tokens,output_tokens\n0,100,20\n2.5,101,21\n9,50,5\n"
FLEET = "offer,units,accelerators\na,4,8\n"
REPLICA = {
    "name": "r",
    "base_s": 0.01,
    "per_prefill_token_s": 1e-4,
    "per_cached_token_s": 1e-7,
    "per_sequence_s": 5e-5,
    "cost_per_hour": 2,
    "memory_tokens": 60_000,
    "sequences": 64,
}
ARTICLE = "A title\n\nMicrosoft spent $5 billion on servers in the quarter ended September 30, 2026.\n"
MEASURED = (
    "model,chip,n_chips,precision,metric,value,unit\n"
    'Llama 3.1 70B,H100,8,FP8,"output throughput, ISL/OSL 1024/1024",700,tokens/s/GPU\n'
)
ANSWERS = (
    "article",
    "paragraph",
    "company",
    "amount",
    "amount_high",
    "unit",
    "kind",
    "period_basis",
    "period_start",
    "period_end",
)
LINE = {"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [0, 1]}
META = {"engine_kwargs": {"max_num_batched_tokens": 2048, "max_num_seqs": 64}}
PODS = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,creation_time,deletion_time,scheduled_time\n"
    + "".join(f"p{i},8000,20000,1,1000,,LS,{100 * i},{100 * i + 5000},{100 * i}\n" for i in range(12))
)
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
    "torch_dtype": "bfloat16",
}


def make_kinds(folder: Path) -> dict[str, Path]:
    """Make a file of each kind in an empty folder."""
    contents = {
        "empty": b"",
        "zero bytes": b"\0" * 5000,
        "binary": bytes(range(256)) * 20,
        "utf-16": "title: x\r\na,b\r\n".encode("utf-16"),
        "latin-1": "title: caf\xe9\na,b\n".encode("latin-1"),
        "mark only": b"\xef\xbb\xbf",
        "one line of 3 MB": b"a" * 3_000_000,
        "deep list": b"[" * 100_000,
        "deep mapping": b'{"a":' * 50_000,
        "deep and closed": b"[" * 3_000 + b"]" * 3_000,
        "deep lines": b"".join(b" " * depth + b"a:\n" for depth in range(1_500)),
        "not a number": b'{"a": NaN, "b": [Infinity]}',
        "json text": b'"text"',
        "yaml alias bomb": b"a: &a [x,x,x,x,x,x,x,x]\n"
        + b"".join(
            b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 8)) for i in range(20)
        ),
        "quotes": b'a,"b\n1,2\n',
        "many commas": b"," * 100_000,
        "cut archive": b"PK\x03\x04" + b"\0" * 100,
        "cut gzip": b"\x1f\x8b\x08\0\0\0\0\0\0\x03abc",
        "cut parquet": b"PAR1" + b"\0" * 50,
        "html": b"<html><body>no</body></html>",
        "run manifest": b'{"files": {}}',
    }
    kinds: dict[str, Path] = {}
    for name, content in contents.items():
        kinds[name] = folder / name.replace(" ", "-")
        kinds[name].write_bytes(content)
    for name in ("folder", "pipe", "loop", "dangling", "sparse"):
        kinds[name] = folder / name
    kinds["folder"].mkdir()
    kinds["foreign folder"] = folder / "foreign"
    kinds["foreign folder"].mkdir()
    (kinds["foreign folder"] / "letter.txt").write_text("dear")
    os.mkfifo(kinds["pipe"])
    kinds["loop"].symlink_to("loop")
    kinds["dangling"].symlink_to("nowhere")
    with kinds["sparse"].open("wb") as file:
        file.truncate(6_000_000_000)
    kinds["missing"] = folder / "missing"
    kinds["endless device"] = Path("/dev/zero")
    kinds["null device"] = Path("/dev/null")
    kinds["device that cannot be read"] = Path("/proc/self/mem")
    kinds["forbidden"] = folder / "forbidden"
    kinds["forbidden"].write_bytes(b"a,b\n")
    kinds["forbidden"].chmod(0)
    kinds["below a file"] = folder / "empty" / "inside"
    kinds["hostile name"] = folder / "[b]{x}[-]\x1b[31m\n=1+1"
    kinds["hostile name"].write_bytes(b"a,b\n")
    kinds["long name"] = folder / ("x" * 300)
    return kinds


def make_good(folder: Path) -> None:
    """Write the files that the other arguments of a command name, under the words of ``GOOD``."""
    shutil.copytree(ROOT / "cases" / "two-sites", folder / "case")
    shutil.copy(ROOT / "tests" / "sddp" / "data" / "newsvendor_careful.json", folder / "program.json")
    figures = "".join(
        f"Example Cloud,capex,{year}-{end},{20 + year - 2020 + place},mn USD\n"
        for year in range(2020, 2026)
        for place, end in enumerate(("03-31", "06-30", "09-30", "12-31"))
    )
    calibration = {
        "levels": list[object](),
        "spread": 0.1,
        "rows": 1,
        "before": 0.1,
        "after": 0.1,
        "left_out": 0.1,
    }
    contents = {
        "trace.csv": TRACE,
        "requests.csv": REQUESTS,
        "fleet.csv": FLEET,
        "study.yaml": "cases: [case]\n",
        "article.txt": ARTICLE,
        "replicas.json": json.dumps({"replicas": [REPLICA]}),
        "config.json": json.dumps(CONFIG),
        "measured.csv": MEASURED,
        "series.csv": "company,measure,quarter_end,value,unit\n" + figures,
        "guidance.csv": "company,period,measure,announced_date,low,unit,high\n"
        "Example Cloud,calendar 2026,capex,2026-01-31,100,mn USD,140\n",
        "chip.yaml": "fp16_tflops: 900\nmemory_gb: 80\nmemory_bandwidth_gb_per_s: 3000\n"
        "interconnect_gb_per_s: 450\n",
        "calibration.json": json.dumps(calibration),
        "articles/answers.csv": ",".join(ANSWERS) + "\none,1,Microsoft,5e9,,USD,total,calendar,,\n",
        "articles/one.txt": ARTICLE,
        "traces/openb_node_list_gpu_node.csv": "sn,cpu_milli,memory_mib,gpu,model\nn1,96000,400000,8,V100\n",
        "traces/openb_pod_list_small.csv": PODS,
        "traces/small_trace.jsonl": "".join(
            json.dumps(LINE | {"timestamp": 1000 * i}) + "\n" for i in range(4)
        ),
        "traces/run/meta.json": json.dumps(META),
        "traces/run/requests.jsonl": "".join(
            json.dumps(
                {
                    "input_toks": 100 + 7 * i,
                    "output_toks": 20 + i % 5,
                    "queued_ts": 1.0 * i,
                    "first_token_ts": i + 0.1,
                    "last_token_ts": i + 0.5,
                }
            )
            + "\n"
            for i in range(30)
        ),
    }
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)


GOOD: dict[str, tuple[str, ...]] = {
    "case": ("case/case.yaml",),
    "cases": ("case/case.yaml", "case/case.yaml:late-power"),
    "run": (),
    "trace": ("trace.csv",),
    "--trace": ("trace.csv",),
    "--fleet": ("fleet.csv",),
    "series": ("series.csv",),
    "manifest": ("study.yaml",),
    "program": ("program.json",),
    "measured": ("measured.csv",),
    "article": ("article.txt",),
    "requests": ("requests.csv",),
    "--slo": ("ttft=2s,tpot=50ms,share=0.5",),
    "--replicas": ("replicas.json",),
    "--traces": ("traces",),
    "model": ("llama-3.1-8b",),
    "chip": ("H100",),
    "folder": (".",),
    "old": ("case",),
    "new": ("case:late-power",),
    "asked": ("budget",),
    "--password": ("long enough to pass",),
    "name": ("somebody",),
}
"""Words for each argument, by its name; those of files are in ``make_good``."""
OF_COMMANDS: dict[str, dict[str, tuple[str, ...]]] = {
    "size": {"trace": GOOD["requests"], "--replicas": GOOD["--replicas"]},
    "replay": {"--fleet": GOOD["--fleet"], "--out": ("derating.json",)},
    "backtest": {"--scenarios": ("20",), "--series": GOOD["series"]},
    "breakeven": {"--scenarios": ("10",), "--driver": ("price",), "--pair": ("none",)},
    "why-not": {"asked": ("orders.server.2025Q3 >= 10",)},
    "sweep": {"--vary": ("programme.cap=0.5,1",)},
    "simulate": {"--scenarios": ("20",)},
    "scenarios": {"--scenarios": ("20",), "--nodes": ("2",), "--outcomes": ("1",)},
    "solve": {"file": GOOD["program"], "--iterations": ("3",), "--paths": ("4",), "--back-end": ("highs",)},
    "calibrate": {"file": GOOD["measured"]},
    "claims add": {"file": GOOD["article"], "--yes": ()},
    "claims": {"--contradictions": ()},
}
"""Words without which a command would not come to its files, or would take long."""
ALSO = {
    "compare": ("cases",),
    "tokens": ("model",),
    "diff": ("old", "new"),
    "why": ("case",),
    "why-not": ("case",),
}
"""Arguments that are texts and name files all the same."""


TOKENS = ("tokens", "llama-3.1-8b", "H100")
OF_PLACES: dict[str, tuple[str, ...]] = {
    "replay run": ("replay", "--trace", "trace.csv"),
    "replay --replicas": ("replay", "--trace", "requests.csv", "--replicas"),
    "tokens --config": ("tokens", "H100", "--config"),
    "tokens --chip": ("tokens", "llama-3.1-8b", "--chip"),
    "tokens --calibration": (*TOKENS, "--calibration"),
    "tokens --picture": (*TOKENS, "--pareto", "--picture"),
    "tokens model": ("tokens", "--validate"),
}
"""Words before a path that change with the option tried."""
PROPER: dict[str, str] = {
    "backtest --series": "series.csv",
    "forecast series": "series.csv",
    "forecast --guidance": "guidance.csv",
    "tokens --config": "config.json",
    "tokens --chip": "chip.yaml",
    "tokens --calibration": "calibration.json",
    "tokens --picture": "new.svg",
    "tokens model": "measured.csv",
    "calibrate file": "measured.csv",
    "replay run": "run",
    "replay --trace": "trace.csv",
    "replay --fleet": "fleet.csv",
    "replay --replicas": "replicas.json",
    "replay --out": "new.json",
    "size trace": "requests.csv",
    "size --replicas": "replicas.json",
    "traces folder": ".",
    "solve file": "program.json",
    "study manifest": "study.yaml",
    "claims add file": "article.txt",
    "claims add --to": "new.csv",
    "claims measure folder": "articles",
    "reproduce fgd --traces": "traces",
    "reproduce fgd --csv": "new.csv",
    "reproduce vllm --traces": "traces",
    "reproduce mooncake --traces": "traces",
}
"""A good file for each place, beside cases and new outputs: with it the command must do its work."""


@dataclass(frozen=True)
class Place:
    """One path on the command line: the words before it, and those behind it."""

    name: str
    before: tuple[str, ...]
    behind: tuple[str, ...]

    def words(self, path: Path | str) -> list[str]:
        """Return the whole command line, to be run in the folder of ``make_good``."""
        return [*self.before, str(path), *self.behind]


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with the words that call it, groups that are commands themselves among them."""
    yield from _commands(typer.main.get_command(build_app()), ())


def _commands(command: Any, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if above and (not hasattr(command, "commands") or command.invoke_without_command):
        yield above, command
    for name, one in getattr(command, "commands", {}).items():
        yield from _commands(one, (*above, name))


def path_names(command: Any, name: str) -> set[str]:
    """Return the names of the parameters that take a path, or several."""
    hints = get_type_hints(inspect.unwrap(command.callback))
    return {one for one, hint in hints.items() if _holds_path(hint)} | set(ALSO.get(name, ()))


def _holds_path(hint: object) -> bool:
    return hint is Path or any(_holds_path(inner) for inner in get_args(hint))


ENDLESS = ("serve",)
"""Commands that go on until they are stopped; their tests stand with them."""


def places() -> Iterator[Place]:
    """Yield every path that the command line takes."""
    for above, command in commands():
        name = " ".join(above)
        if name in ENDLESS:
            continue
        paths = path_names(command, name)
        for parameter in command.params:
            if parameter.name in paths:
                place = _place(above, command, parameter)
                own = OF_PLACES.get(place.name)
                yield place if own is None else Place(place.name, own, ())


def _place(above: tuple[str, ...], command: Any, tried: Any) -> Place:
    """Put a place among the other words that its command needs; several of one kind are named once before."""
    name = " ".join(above)
    own = OF_COMMANDS.get(name, {})
    before, behind = list(above), list[str]()
    mine = tried.opts[0] if tried.param_type_name == "option" else str(tried.name)
    for at, parameter in enumerate(command.params):
        option = parameter.param_type_name == "option"
        word = parameter.opts[0] if option else str(parameter.name)
        if parameter is tried:
            continue
        if not parameter.required and word not in own and word != "--out":
            continue
        if word == "--out" and mine not in ("--out", "--checkpoint") and word not in own:
            values: tuple[str, ...] = ("out",)
        else:
            values = own.get(word, GOOD.get(word, ("1",)))
        if option:
            before += [word, *values]
        elif tried.param_type_name == "option" or at < command.params.index(tried):
            before += values
        else:
            behind += values
    if mine == "cases":
        before.append(GOOD["case"][0])
    return Place(f"{name} {mine}", (*before, mine) if mine.startswith("--") else tuple(before), tuple(behind))


def state_of(folder: Path) -> dict[str, str]:
    """Return what stands in a folder, so that a loss is seen: kind and content by name."""
    found: dict[str, str] = {}
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place, name)
            about = path.lstat()
            kind = f"{stat.S_IFMT(about.st_mode):o} {about.st_size if stat.S_ISREG(about.st_mode) else ''}"
            if stat.S_ISREG(about.st_mode) and about.st_size < 10_000_000:
                kind += hashlib.sha256(path.read_bytes()).hexdigest()
            found[path.relative_to(folder).as_posix()] = kind
    return found


MAY_BE_WRITTEN = ("kinds", "kinds/empty", "kinds/folder", "kinds/missing")
"""Kinds that an output may take: a new name, an empty file, an empty folder."""


def lost(
    before: dict[str, str], after: dict[str, str], *, but: tuple[str, ...] = MAY_BE_WRITTEN
) -> list[str]:
    """Return the names of what stood there before and has gone or changed."""
    return [name for name, kind in before.items() if name not in but and after.get(name) != kind]

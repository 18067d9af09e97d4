"""Small good files of each kind, to be spoilt."""

from __future__ import annotations

from typing import Any

from kinds_of_file import PODS

SACCT = "JobID|User|State|Submit|Start|End|NNodes|AllocTRES\n" + "".join(
    f"{i}|u|COMPLETED|2024-05-01T00:0{i}:00|2024-05-01T01:00:00|2024-05-01T02:00:00|2|cpu=64,gres/gpu:h=8,mem=64G\n"
    for i in range(5)
)
NODES = "offer,units,accelerators,model,cpu_cores\na,4,8,h,128\nb,2,4,p,64\n"
NODE = {"offer": "a", "units": 4, "accelerators": 8, "model": "h", "cpu_cores": 128, "memory_gib": 2048}
TABLES: dict[str, tuple[str, str]] = {
    "jobs": ("j.csv", "arrival_s,duration_s,accelerators,cpu_milli,members\n0,9,1,4000,1\n5,9,8,0,2\n"),
    "requests": ("q.csv", "arrival_s,prompt_tokens,output_tokens\n0,100,20\n2.5,101,21\n"),
    "azure": (
        "AzureLLMInferenceTrace_x.csv",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,5,6\n2023-11-16 18:16,7,6\n",
    ),
    "philly": ("philly.csv", "timestamp,duration,num_gpus,cluster\n2017-10-01 00:00:00,60,4,a\n"),
    "helios": ("cluster_log.csv", "vc,gpu_num,submit_time,duration\nv,8,2020-04-01 00:00:00,60\n"),
    "alibaba-gpu-2023": ("openb_pod_list_x.csv", PODS),
    "alibaba-dlrm-2025": (
        "disaggregated_DLRM_trace.csv",
        (
            "instance_sn,app_name,cpu_request,gpu_request,memory_request,creation_time,deletion_time\n"
            "i0,a,12,1,120,,\ni1,b,12,0,64,60,9000\n"
        ),
    ),
    "alibaba-genai-2026": (
        "lora_request_trace.csv",
        (
            "gmt_create,predict_status,exec_time_seconds,groupId\n2025-01-01 00:00:01,SUCCEED,12.5,g\n"
            "2025-01-01 00:00:09,FAIL,0,g\n"
        ),
    ),
}
"""A small table of each kind of trace, under a name by which it is recognised."""
BENCHMARKS: dict[str, dict[str, Any]] = {
    "vllm, old": {
        "date": "20240801-1",
        "backend": "vllm",
        "model_id": "meta-llama/Llama-3.1-70B",
        "num_prompts": 100,
        "request_rate": "inf",
        "duration": 20.0,
        "completed": 100,
        "total_input_tokens": 102400,
        "total_output_tokens": 51200,
        "request_throughput": 5.0,
        "output_throughput": 2560.0,
        "chip": "H100",
        "chips": 8,
        "weights": "fp8",
    },
    "vllm, new": {
        "date": "20260801-1",
        "endpoint_type": "openai",
        "backend": "openai",
        "label": None,
        "model_id": "meta-llama/Llama-3.1-70B",
        "num_prompts": 100,
        "max_concurrency": 16,
        "burstiness": 1.0,
        "completed": 100,
        "failed": 0,
        "total_input_tokens": 102400,
        "total_output_tokens": 51200,
        "output_throughput": 2560.0,
        "mean_tpot_ms": 20.0,
        "chip": "H100",
        "chips": 8,
    },
    "genai-perf": {
        "model": "meta-llama/Llama-3.1-70B",
        "output_token_throughput": {"unit": "tokens/sec", "avg": 2560.0},
        "input_sequence_length": {"avg": 1024.0},
        "output_sequence_length": {"avg": 512.0},
        "request_count": {"avg": 100.0},
        "chip": "H100",
        "chips": 8,
    },
}
MEASURED_RUN = [
    {
        "input_toks": 100 + 7 * i,
        "output_toks": 20 + i % 5,
        "queued_ts": 1.0 * i,
        "first_token_ts": i + 0.1,
        "last_token_ts": i + 0.5,
    }
    for i in range(12)
]
META = {
    "engine_kwargs": {"max_num_batched_tokens": 2048, "max_num_seqs": 64},
    "kv_cache": {"block_size": 16, "num_gpu_blocks": 4000},
}
DERATING = {
    "trace": "azure",
    "quarter": "2026Q1",
    "deratings": [
        {"workload": "chat", "offer": "all", "usable": 0.8, "usable_low": 0.7, "usable_high": 0.9},
        {"workload": "chat", "offer": "server", "usable": 0.7, "usable_low": 0.6, "usable_high": 0.8},
    ],
}

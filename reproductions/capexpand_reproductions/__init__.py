"""Published experiments run again, from traces that the user has: ``capexpand reproduce``.

``fgd`` repeats the table of the FGD paper, ``vllm_runs`` and ``step_times`` predict measured runs of vLLM,
and ``mooncake`` computes the table of Mooncake's workloads.
"""

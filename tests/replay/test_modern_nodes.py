"""Real jobs are placed on nodes of 192 cores like on nodes of 96, with more room."""

import os
from pathlib import Path

import numpy as np
import pytest

from capexpand.replay.derating import replay_fleet
from capexpand.replay.fleet import Fleet, NodeKind
from capexpand.replay.sources.jobs import read_alibaba_gpu_2023

FOLDER = os.environ.get("CAPEXPAND_TRACES")
FILE = Path(FOLDER or ".") / "alibaba_gpu_v2023" / "openb_pod_list_default.csv.gz"


def replayed(cores: float, memory_gib: float):
    node = NodeKind("a", 40, 8, cpu_cores=cores, memory_gib=memory_gib)
    return replay_fleet(Fleet((node,)), read_alibaba_gpu_2023(FILE, leave_out_bad=True), leave_out_bad=True)


@pytest.mark.skipif(not FILE.exists(), reason="needs CAPEXPAND_TRACES, the folder of real traces")
def test_alibabas_jobs_fit_modern_nodes_as_they_fit_older_ones():
    """40 nodes of 8 accelerators: of 7,255 jobs 5 are too large for 96 cores, none for 192, and none waits.

    Sensitivity: a score below zero read as "does not fit" refused 7,193 of them on the larger nodes.
    """
    older, modern = replayed(96, 768), replayed(192, 2048)
    counts = [len(each.outcome.wait_s) for each in (older, modern)]
    assert counts == [7250, 7255]
    assert np.nanmax(older.outcome.wait_s) == np.nanmax(modern.outcome.wait_s) == 0

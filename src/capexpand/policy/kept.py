"""A trained policy in a file: the cuts that training found, and for what program they hold.

The stages of a policy follow from its case, and its lattice from the case and a seed; so the cuts are all
that has to be kept. The file is records of arrays: first what the policy is, then the cuts of each group of
nodes.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np

from capexpand.errors import RunError
from capexpand.files.json_text import JsonObject
from capexpand.files.records import packed_record, whole_records
from capexpand.model.data import ModelData
from capexpand.policy.case_policy import CasePolicy, Gap
from capexpand.policy.graph import lower_bound, policy_graph, take_apart
from capexpand.policy.risk_attitudes import read_risk
from capexpand.scenarios.lattice import Lattice
from capexpand.sddp.checkpoint import fingerprint
from capexpand.sddp.futures import CutKind
from capexpand.sddp.initial_lower_bounds import InitialLowerBounds, initial_lower_bounds
from capexpand.sddp.kept_cuts import packed_cuts, unpacked_cuts
from capexpand.sddp.policy import Policy
from capexpand.sddp.stage_solver import SolveCounts
from capexpand.sddp.stream import Solvers

KEPT = "policy.cuts"
"""Name of the file in a run folder."""
_MAGIC = b"CXP1"
_DAMAGED = "does not hold a policy as a run keeps it; make the run again with --keep-policy"

Arrays = JsonObject


@dataclass(frozen=True, slots=True)
class KeptPolicy:
    """The content of a file of a policy.

    Args:
        risk: attitude, as ``read_risk`` takes it.
        seed: of the training and of the lattice.
        about: what the policy is, by name.
        cuts: of each group of nodes.
    """

    risk: str
    seed: int
    about: JsonObject
    cuts: tuple[Arrays, ...]

    @classmethod
    def read(cls, content: bytes) -> KeptPolicy:
        """Read the content of a file.

        Raises:
            RunError: it holds no policy.
        """
        records, end = whole_records(_MAGIC, content)
        try:
            about = json.loads(records[0]["about"].item())
            found = cls(str(about["risk"]), int(about["seed"]), about, tuple(map(dict, records[1:])))
            whole = end == len(content)
        except (IndexError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
            raise RunError(_DAMAGED) from None
        if not whole:
            raise RunError(_DAMAGED)
        return found


def kept_policy(policy: CasePolicy, *, risk: str, seed: int) -> bytes:
    """Return a policy as the content of a file.

    Args:
        policy: trained with single cuts, as all policies of cases are.
        risk: its attitude, as written.
        seed: of its training and lattice.
    """
    trained, solvers = policy.trained, policy.trained.solvers()
    about = {
        "risk": risk,
        "seed": seed,
        "graph": fingerprint(trained.graph, ""),
        "back_end": trained.back_end,
        "status": trained.status,
        "bound": trained.bound,
        "gap": asdict(policy.gap),
    }
    parts = [packed_record(_MAGIC, {"about": np.array(json.dumps(about))}, compressed=True)]
    kept = (packed_cuts([solvers.kept(group)]) for group in range(len(solvers.pools)))
    parts += [packed_record(_MAGIC, cuts, compressed=True) for cuts in kept]
    return b"".join(parts)


def restored_policy(m: ModelData, lattice: Lattice, kept: KeptPolicy) -> CasePolicy:
    """Return a policy from its cuts.

    Args:
        m: the compiled case, as the policy was sought for it.
        lattice: of its futures, drawn with the policy's seed.
        kept: from the file.

    Raises:
        RunError: the cuts are of another program, or damaged.
    """
    about = kept.about
    stages = take_apart(m, lattice)
    graph = policy_graph(stages, lattice, read_risk(kept.risk))
    if about.get("graph") != fingerprint(graph, ""):
        raise RunError("the policy was trained for other numbers, or by another version; train it again")
    bound = lower_bound(stages, graph)
    bounds = (
        initial_lower_bounds(graph)
        if bound is None
        else InitialLowerBounds(np.full(len(graph.nodes), bound), False)
    )
    try:
        back_end = str(about["back_end"])
        solvers = Solvers(graph, bounds.stage_and_future, kind=CutKind.SINGLE, back_end=back_end)
        for group in range(max(len(solvers.pools), len(kept.cuts))):
            solvers.restore(group, unpacked_cuts(kept.cuts[group], 0))
        gap = Gap(**about["gap"])
        trained = Policy(
            graph=graph,
            kind=CutKind.SINGLE,
            back_end=back_end,
            initial_bounds=bounds,
            bound=float(about["bound"]),
            status=str(about["status"]),
            assessment=None,
            records=(),
            seconds=0.0,
            counts=SolveCounts(),
            _solvers=solvers,
        )
        return CasePolicy(stages, lattice, trained, gap)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RunError(_DAMAGED) from error

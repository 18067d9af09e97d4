"""May this chip be sold there on that day? The rules of both sides, from figures and the table of rules.

Total processing performance is 2 × multiply-accumulates × bit length over all units: with dense operations a
second (each multiply-accumulate is two) it is operations × bits, at its largest over the formats; performance
density divides it by the die area (88 FR 73458, technical notes to 3A090).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from capexpand.catalogue import Accelerator, ExportRule, Reach, rules_reaching
from capexpand.hardware.export_scope import Transaction, applies, check_transaction

Status: TypeAlias = Literal["free", "notified", "fee share", "capped", "licence", "prohibited"]
Review: TypeAlias = Literal["", "presumption of denial", "case by case"]
Use: TypeAlias = Literal["data centre", "consumer", "memory"]

SEVERITY: dict[Status, int] = {
    "free": 0,
    "notified": 1,
    "fee share": 2,
    "capped": 3,
    "licence": 4,
    "prohibited": 5,
}
"""How far a status stands in the way; the sterner of two sides counts."""

CHINESE_VENDORS = frozenset({"Huawei", "Alibaba T-Head", "Cambricon", "Baidu Kunlunxin", "Moore Threads"})

_CONSUMER_TPP_BELOW = 4800.0
_HBM_DENSITY_MIN = 2.0

ROLES = {
    "2023-10_note2_consumer": "carve-out",
    "2024-12_3A090c_HBM": "memory",
    "2025-05_AI_Diffusion_rescission": "guidance",
    "2025-07_H20_resume_assurance": "announcement",
    "2025-08_H20_15pct_share": "grant",
    "2025-12_H200_25pct_announcement": "announcement",
    "2026-01_case_by_case_upper_bound": "review",
    "2026-01_commercial_availability_condition": "condition",
    "2026-01_sec232_25pct_tariff": "duty",
    "2026-01_volume_cap_50pct": "cap",
    "2026-02_H200_first_licences": "announcement",
    "2026-05_H200_ten_firms_cleared": "named grant",
    "2026-08_NVIDIA_first_H200_shipments": "announcement",
}
"""What a rule does besides setting a threshold; a rule that is not here is a control by its thresholds."""

_CASE_BY_CASE_LETTERS = ("2025-04",)
_THRESHOLD_CONTROLS = ("2023-10_3A090", "2026-05_BIS")
_AVAILABLE_BY = (2026, 1, 15)
_NAMED_CUSTOMERS = ("alibaba", "tencent", "bytedance", "jd.com", "jd", "lenovo", "foxconn")
_VOLUME_CAP_FRACTION = 0.5


@dataclass(frozen=True, slots=True)
class ExportStatus:
    """The export status of one chip in one transaction.

    Args:
        status: the sterner of both sides.
        united_states: status by the United States' rules.
        china: status by China's rules.
        review: how an application would be met, where a licence is due.
        fee_share_fraction: share of the price that goes to the state; 0 without.
        volume_cap_fraction: largest shipments as a share of those to United States customers; None without.
        rules: identifiers of the rules that decide, the sternest first.
        because: why, one sentence for each rule that counts.
        missing: figures of the chip that would be needed to be sure.
    """

    status: Status
    united_states: Status
    china: Status
    review: Review
    fee_share_fraction: float
    volume_cap_fraction: float | None
    rules: tuple[str, ...]
    because: tuple[str, ...]
    missing: tuple[str, ...]


def total_processing_performance(
    *, fp16_tflops: float = 0.0, fp8_tflops: float = 0.0, int8_tops: float = 0.0
) -> float:
    """Compute total processing performance from dense rates.

    Args:
        fp16_tflops: 16-bit rate [10¹² operations/s].
        fp8_tflops: 8-bit floating rate [10¹² operations/s].
        int8_tops: 8-bit integer rate [10¹² operations/s].
    """
    return max(16 * fp16_tflops, 8 * fp8_tflops, 8 * int8_tops)


def performance_density(processing_performance: float, die_area_mm2: float) -> float:
    """Compute performance density [1/mm²].

    Args:
        processing_performance: total processing performance.
        die_area_mm2: area of the dies made in a non-planar process [mm²].
    """
    return processing_performance / die_area_mm2


def export_status(
    accelerator: Accelerator,
    rules: Sequence[ExportRule],
    transaction: Transaction,
    *,
    use: Use | None = None,
    bandwidth_density: float | None = None,
) -> ExportStatus:
    """Judge one transaction.

    Args:
        accelerator: the chip; a rack is judged by the rules that name it only.
        rules: the rules in force on the day, see :func:`capexpand.catalogue.rules_in_force`.
        transaction: who buys for where.
        use: what the chip is marketed for; told from its name if None.
        bandwidth_density: memory bandwidth over package area of a memory stack [GB/s/mm²]; for memory only.

    Raises:
        CaseError: for a transaction that cannot be judged.
    """
    check_transaction(transaction)
    kind = use_of(accelerator) if use is None else use
    reaching = [
        reach
        for reach in rules_reaching(accelerator, rules)
        if applies(reach.rule.destination_scope, transaction)
    ]
    ours = _UnitedStates(accelerator, rules, transaction, reaching, kind, bandwidth_density).judge()
    china = _china_side(accelerator, rules, transaction, reaching)
    sterner = ours if SEVERITY[ours.status] >= SEVERITY[china.status] else china
    told = [side for side in (sterner, china if sterner is ours else ours) if side.rules]
    return ExportStatus(
        status=sterner.status,
        united_states=ours.status,
        china=china.status,
        review=ours.review,
        fee_share_fraction=ours.fee,
        volume_cap_fraction=ours.cap,
        rules=tuple(dict.fromkeys(rule for side in told for rule in side.rules)),
        because=tuple(dict.fromkeys(text for side in (ours, china) for text in side.because)),
        missing=ours.missing,
    )


def use_of(accelerator: Accelerator) -> Use:
    """Tell from its name whether a chip is marketed for consumers; everything else is for data centres."""
    name = accelerator.name.lower()
    return "consumer" if "rtx" in name and "pro" not in name else "data centre"


@dataclass(frozen=True, slots=True)
class _Side:
    status: Status = "free"
    review: Review = ""
    fee: float = 0.0
    cap: float | None = None
    rules: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def _why(rule: ExportRule) -> str:
    return f"{rule.rule_id}, in force since {rule.effective_date.isoformat()}: {rule.summary}"


@dataclass(frozen=True, slots=True)
class _UnitedStates:
    """The United States' side of one judgement."""

    accelerator: Accelerator
    rules: Sequence[ExportRule]
    transaction: Transaction
    reaching: Sequence[Reach]
    use: Use
    bandwidth_density: float | None

    def judge(self) -> _Side:
        """Weigh the rules: what controls, what exempts, what opens a way."""
        if self.use == "memory":
            return self._memory()
        if self.accelerator.vendor in CHINESE_VENDORS:
            return self._chinese_chip()
        controls = self._controls("thresholds met") + self._controls("named")
        unsure = self._controls("cannot be told")
        missing = tuple(dict.fromkeys(name for reach in unsure for name in reach.missing))
        if not controls:
            return _Side(missing=missing, because=self._exemption())
        side = self._sternest(controls)
        opened = self._opened(side) if side.status == "licence" else side
        return _Side(
            opened.status, opened.review, opened.fee, opened.cap, opened.rules, opened.because, missing
        )

    def _controls(self, how: str) -> list[Reach]:
        found = [
            reach
            for reach in self.reaching
            if reach.how == how
            and not reach.rule.rule_id.startswith("CN_")
            and reach.rule.rule_id not in ROLES
        ]
        return [reach for reach in found if not self._carved_out(reach.rule)]

    def _carved_out(self, rule: ExportRule) -> bool:
        """Tell whether the note on consumer products takes the chip out of the entry by thresholds."""
        in_force = any(ROLES.get(one.rule_id) == "carve-out" for one in self.rules)
        processing = self.accelerator.total_processing_performance
        small = processing is not None and processing < _CONSUMER_TPP_BELOW
        return self.use == "consumer" and in_force and small and rule.rule_id.startswith(_THRESHOLD_CONTROLS)

    def _exemption(self) -> tuple[str, ...]:
        for reach in self.reaching:
            if reach.how == "thresholds met" and self._carved_out(reach.rule):
                rule = next(one for one in self.rules if ROLES.get(one.rule_id) == "carve-out")
                return (_why(rule),)
        return ()

    def _sternest(self, controls: Sequence[Reach]) -> _Side:
        by_effect: dict[str, Status] = {"banned": "prohibited", "licence": "licence", "notified": "notified"}
        judged = [(by_effect.get(reach.rule.effect, "free"), reach.rule) for reach in controls]
        judged.sort(key=lambda item: -SEVERITY[item[0]])
        status = judged[0][0]
        deciding = [rule for one, rule in judged if one == status]
        letters = all(rule.rule_id.startswith(_CASE_BY_CASE_LETTERS) for rule in deciding)
        review: Review = "" if status != "licence" else "case by case" if letters else "presumption of denial"
        return _Side(
            status, review, rules=tuple(rule.rule_id for rule in deciding), because=tuple(map(_why, deciding))
        )

    def _opened(self, side: _Side) -> _Side:
        """Follow the ways that lead past a licence: granted for a fee, or reviewed case by case."""
        granted = self._with_role("grant")
        if granted:
            rule = granted[0]
            fee = rule.fee_share_fraction or 0.0
            return _Side("fee share", fee=fee, rules=(rule.rule_id,), because=(_why(rule), *side.because))
        review = self._with_role("review")
        if not review or not self._commercially_available():
            return side
        duty, cap = self._with_role("duty"), self._with_role("cap", named=False)
        fee = max([rule.fee_share_fraction or 0.0 for rule in duty], default=0.0)
        named = [rule for rule in self._with_role("named grant") if self._is_named_customer()]
        status: Status = "licence" if not named else "fee share" if fee else "capped"
        path = (*review, *duty, *cap, *named)
        return _Side(
            status,
            "case by case",
            fee,
            _VOLUME_CAP_FRACTION if cap else None,
            rules=tuple(rule.rule_id for rule in (*named, *review, *duty, *cap)),
            because=(*map(_why, path), *side.because),
        )

    def _with_role(self, role: str, *, named: bool = True) -> list[ExportRule]:
        """Give the rules of a role that cover the transaction, and the chip where they name chips."""
        if named:
            return [
                reach.rule
                for reach in self.reaching
                if ROLES.get(reach.rule.rule_id) == role and reach.how != "cannot be told"
            ]
        return [
            rule
            for rule in self.rules
            if ROLES.get(rule.rule_id) == role and applies(rule.destination_scope, self.transaction)
        ]

    def _commercially_available(self) -> bool:
        """Tell whether the chip was on sale in the United States when the review was published."""
        released = self.accelerator.release_date
        return released is not None and (released.year, released.month, released.day) <= _AVAILABLE_BY

    def _is_named_customer(self) -> bool:
        buyer = self.transaction.buyer.lower()
        return any(name in buyer for name in _NAMED_CUSTOMERS) if buyer else False

    def _memory(self) -> _Side:
        for rule in self.rules:
            if ROLES.get(rule.rule_id) != "memory" or not applies(rule.destination_scope, self.transaction):
                continue
            if self.bandwidth_density is None:
                return _Side(missing=("bandwidth_density",))
            if self.bandwidth_density > _HBM_DENSITY_MIN:
                return _Side("licence", "presumption of denial", rules=(rule.rule_id,), because=(_why(rule),))
        return _Side()

    def _chinese_chip(self) -> _Side:
        """A chip made in China is not exported from the United States; guidance warns of using some."""
        warned = [rule for rule in self.rules if ROLES.get(rule.rule_id) == "guidance"]
        if warned and self.accelerator.vendor == "Huawei" and "Ascend 910" in self.accelerator.name:
            return _Side(because=tuple(map(_why, warned)))
        return _Side()


def _china_side(
    accelerator: Accelerator, rules: Sequence[ExportRule], transaction: Transaction, reaching: Sequence[Reach]
) -> _Side:
    """China's own limits: on named chips, and on all foreign chips for some buyers."""
    by_effect: dict[str, Status] = {"banned": "prohibited", "licence": "licence"}
    found = [reach.rule for reach in reaching if reach.rule.rule_id.startswith("CN_")]
    if accelerator.vendor not in CHINESE_VENDORS:
        found += [
            rule
            for rule in rules
            if rule.rule_id.startswith("CN_")
            and not rule.chips_named
            and applies(rule.destination_scope, transaction)
        ]
    if not found:
        return _Side()
    found.sort(key=lambda rule: -SEVERITY[by_effect.get(rule.effect, "free")])
    status = by_effect.get(found[0].effect, "free")
    return _Side(
        status,
        "case by case" if status == "licence" else "",
        rules=tuple(rule.rule_id for rule in found),
        because=tuple(map(_why, found)),
    )

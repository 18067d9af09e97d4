"""What each column of each study's tables holds, its unit in brackets; reference and files say it."""

from __future__ import annotations

from collections.abc import Mapping

Columns = Mapping[str, str]

_CHANGE = {
    "old": "in the old plan, in the unit of the row",
    "new": "in the new plan, in the unit of the row",
    "change": "new less old, in the unit of the row",
}
_THING = {
    "thing": "offer or site that is ordered for",
    "destination": "country to which units are delivered; empty for power",
    "quarter": "quarter of the order, such as 2026Q3",
    "unit": "units or MW",
}
_DIFFERENCE = {
    "inputs": {
        "path": "place in the case",
        "cause": "what kind of change it is: time, facts, assumptions, or words, which change no number",
        "old": "as written in the old case",
        "new": "as written in the new case",
    },
    "decisions": {**_THING, **_CHANGE},
    "results": {
        "key": "name of the figure in JSON",
        "title": "name of the figure",
        "unit": "of the three numbers",
        **_CHANGE,
    },
    "value": {
        "cause": "why the value changed: time, facts, assumptions or decisions",
        "title": "the same in words",
        "amount": "change of the value by this cause, averaged over the orders of the causes [currency]",
        "least": "the least over the orders of the causes [currency]",
        "most": "the most over the orders of the causes [currency]",
    },
}
_PRICED = {
    "name": "offer option, or site with its power option",
    "destination": "country to which units are delivered; empty for power",
    "quarter": "quarter of the order, such as 2026Q3",
    "unit": "unit or MW",
    "ordered": "by the plan, in the unit of the row",
}
_POINT = {
    "origin": "design, or added where the bounds were widest",
    "status": "planned, or why there is no plan",
    "reason": "why there is none, in words",
    "objective": "present value that the plan maximises [currency]",
    "npv": "net present value of the programme [currency]",
    "spent": "paid for orders within the window [currency]",
    "peak_power_mw": "most power energised [MW]",
    "accelerators": "most accelerators installed [accelerator]",
}
_BREAK_EVEN = {
    "driver": "name of the driver, such as price or volume:chat",
    "title": "the same in words",
    "kind": "factor on what is declared, or level in the driver's own unit",
    "reading": "planned: the plan is re-optimised; fixed: its orders are kept",
    "assumed": "level as declared, as a factor 1",
    "outcome": "found, or that the value is reached at every level, or at none",
    "level": "at which the value reaches the target",
    "pays": "on which side of the level the programme pays: above or below",
    "low": "least level that was looked at",
    "high": "highest level that was looked at",
    "residual": "distance from the target at the level [currency]",
    "jumps": "whether the value leaps over the target there",
    "fades": "whether nothing is worth ordering beyond the level",
    "turns": "whether the value crosses the target more than once",
    "value_per_accelerator_hour": "what an hour of an accelerator brings at the level [currency/h]",
    "sentence": "the same in a sentence",
}
_SCORED = {
    "part": "what is forecast: spending, planned revenue or price",
    "subject": "company, or list of prices",
    "metric": "figure that is forecast",
    "unit": "of the figure and of all values in the row",
    "method": "that forecast it",
    "as_of": "day on which it was forecast",
    "quarter": "quarter that is forecast, the last where there are several",
    "quarters": "number of quarters that are forecast together [quarter]",
    "horizon": "quarters ahead [quarter]",
    "last": "newest report on the day",
    "low": "lower end of the 80 % interval",
    "median": "middle of the forecast",
    "high": "upper end of the 80 % interval",
    "actual": "what was reported",
    "error": "median less actual",
    "covered": "whether the interval held the report",
    "loss": "pinball loss, as a share of the newest report [1]",
    "absolute_error": "absolute error, as a share of the newest report [1]",
    "known_on": "day on which the report became known",
    "derived": "whether the report follows from others, as a fourth quarter from a year",
    "from_memory": "whether its source could not be looked up again",
}
_MONEY_OF_FUTURES = {
    "npv_halfwidth": "half the 95 % interval of its mean over futures [currency]",
    "npv_5": "5 % quantile over futures [currency]",
    "npv_median": "median over futures [currency]",
    "npv_95": "95 % quantile over futures [currency]",
    "npv_worst_tenth": "mean of the worst tenth of futures [currency]",
}
_STUDIED = {
    "item": "number of the plan in the study",
    "case": "name of the case",
    "variant": "of the case; empty for the case as declared",
    "as_of": "day on whose knowledge it is planned",
    "risk": "attitude to risk of a policy, or plan",
    **{name: text for name, text in _POINT.items() if name != "origin"},
    **_MONEY_OF_FUTURES,
    "peak_funding": "most that is laid out before it comes back [currency]",
    "irr": "internal rate of return [1/year]",
    "loses_share": "share of futures in which the programme loses money [1]",
    "payback_quarter": "position of the quarter in which it is paid back, 0 for the first",
}

STUDIES: Mapping[str, Mapping[str, Columns]] = {
    "difference": _DIFFERENCE,
    "roll": {
        **_DIFFERENCE,
        "surprises": {
            "what": "what is not as the old plan expected",
            "expected": "by the old plan, in the unit of the row; empty where it expected nothing",
            "actual": "what happened, in the unit of the row",
            "unit": "of both",
        },
    },
    "history": {
        "ledger": {
            "plan": "name of the plan",
            "as_of": "day on which it was made",
            "first": "first quarter that it decided",
            "last": "last quarter that it decided, before the next plan",
            "planned": "value that it promised [currency]",
            "ordered": "full price of what was ordered in its quarters [currency]",
            "regret": "what its decisions lost against perfect knowledge [currency]",
        }
    },
    "why": {
        "prices": {
            **_PRICED,
            "line": "part of the worth of one more, in words",
            "amount": "present value of that part, for one unit of the row [currency]",
            "is_limit": "whether the part is the price of a limit that the order meets",
        },
        "orders": {
            **_PRICED,
            "price": "price of one [currency]",
            "net": "worth of one more; below zero, what one forced would cost [currency]",
            "wins_at": "price at which one more would be ordered [currency]",
            "is_rival": "whether it is an order that nearly won",
        },
        "steps": {
            "title": "limit that is widened, or order that is forced, and by how much",
            "by": "how much, in the unit that the title names",
            "gain": "what the objective gains [currency]",
            "spent": "what more is paid for orders within the window [currency]",
        },
    },
    "why-policy": {
        "drivers": {
            "driver": "uncertain number, such as base_demand chat",
            "title": "the same in words",
            "explains": "share of the spread of what foresight commits that it explains [1]",
            "middle": "median of its mean factor over the horizon, at which futures are split [1]",
            "committed_above": "by foresight now, in the mean of the futures above the middle [currency]",
            "committed_below": "the same at or below it [currency]",
            "turns_at": "mean factor at which foresight commits as much as the policy [1]",
        },
        "reactions": {
            "quarter": "quarter of the orders, such as 2026Q3",
            "condition": "state of the world as it may be seen then, in words",
            "share": "of futures that are in it [1]",
            "commitments": "full price of what the policy orders then, in the mean [currency]",
            "power_mw": "power ordered then, in the mean [MW]",
        },
    },
    "alternatives": {
        "ranges": {
            "kind": "orders or power",
            "name": "offer or site",
            "unit": "units or MW",
            "planned": "by the best plan, in the unit of the row",
            "least": "in any plan nearly as good",
            "most": "in any plan nearly as good",
        }
    },
    "why-not": {
        "moved": {
            **_THING,
            "plan": "ordered by the best plan, in the unit of the row",
            "forced": "ordered where the decision is forced, in the unit of the row",
            "change": "forced less plan",
        },
        "changes": {
            "assumption": "that would make the decision the best one",
            "factor": "smallest change of it that would do, on what is declared; empty where none does [1]",
            "tried": "furthest factor that was tried [1]",
        },
    },
    "frontier": {
        "points": {
            "point": "number of the point, from one end of the frontier to the other",
            "npv": "objective: present value that plans maximise [currency]",
            "cost": "objective: present value of costs and payments [currency]",
            "power": "objective: most power energised [MW]",
            "energy": "objective: energy used in all quarters [MWh]",
            "spending": "objective: paid for orders within the window [currency]",
            "served": "objective: demand served, by its price [currency]",
            "slope": "what one more of the second objective costs of the first",
            "net_present_value": "net present value of the programme [currency]",
        },
        "orders": {
            "point": "number of the point",
            "offer": "offer, or site",
            "destination": "country to which units are delivered; empty for power",
            "quarter": "quarter of the order, such as 2026Q3",
            "ordered": "units of an offer, MW of a site",
        },
    },
    "evidence": {
        "facts": {
            "path": "place in the case",
            "written": "as written there",
            "kind": "of evidence: reported, estimated, assumed, …",
            "found_by": "slope, by the plan's duals, or plan, where the case was planned again",
            "source": "as the case names it",
            "reason": "why it is assumed",
            "numbers": "how many numbers of the case it speaks for",
            "value_per_percent": "change of the value for one percent more of it [currency]",
            "effect_of_one_deviation": "change of the value for one standard deviation [currency]",
            "deviation": "its standard deviation, relative, by its kind of evidence [1]",
            "share_of_variance": "share of the variance of the value that it brings [1]",
            "variance_gone_if_reported": "share of that variance that a report of it would remove [1]",
        }
    },
    "scenarios": {
        "quantiles": {
            "quantity": "place in the case that is uncertain",
            "unit": "of all values in the row",
            "quarter": "the quarter, such as 2026Q3",
            "declared": "by the case",
            "mean": "over the sampled futures",
            "q0.05": "5 % quantile",
            "q0.25": "25 % quantile",
            "q0.5": "median",
            "q0.75": "75 % quantile",
            "q0.95": "95 % quantile",
        }
    },
    "breakeven": {
        "break_even": _BREAK_EVEN,
        "pairs": {
            "first": "driver whose levels are given",
            "second": "driver whose break-even is sought",
            "level": "of the first driver",
            "break_even": "level of the second driver at which the value reaches the target",
            **{name: _BREAK_EVEN[name] for name in ("reading", "outcome", "fades", "jumps", "turns")},
        },
        "market_break_evens": {
            "target": "value that the market put on the programme, by an index or before tax",
            "value": "the same in money [currency]",
            **_BREAK_EVEN,
        },
        "past_spending": {
            "scope": "what counts as spending",
            "first": "first month of the sum",
            "last": "last month of the sum",
            "missing_months": "months of it that no report covers [month]",
            "spent_low": "spent at least [currency]",
            "spent_high": "spent at most [currency]",
            "verdict": "whether the programme is more than that",
        },
    },
    "comparison": {
        "comparison": {
            "programme": "case, with its variant",
            "group": "of lines: money, buys, costs, worth, …",
            "line": "name of the figure in JSON",
            "title": "the same in words",
            "value": "the figure, in the unit of the row",
            "unit": "of the figure",
        }
    },
    "sweep": {
        "points": {"point": "number of the point", **_POINT},
        "decisions": {
            "decision": "what is ordered, and where",
            "unit": "units or MW",
            "ordered_until": "quarter until which orders are added up",
            "least": "over all points",
            "median": "over all points",
            "most": "over all points",
            "share_of_points": "share of the points at which it is ordered at all [1]",
        },
        "sensitivity": {
            "axis": "place in the case that is varied",
            "low": "its least value, as written",
            "high": "its highest value, as written",
            "npv_at_low": "net present value there, all else as declared [currency]",
            "npv_at_high": "net present value there, all else as declared [currency]",
            "swing": "between the two [currency]",
            "rank_correlation": "of the axis and the value over all points [1]",
            "first_order": "share of the variance by the axis alone (Sobol) [1]",
            "first_order_low": "lower end of its 95 % interval [1]",
            "first_order_high": "upper end of its 95 % interval [1]",
            "total": "share of the variance by the axis with all others (Sobol) [1]",
            "total_low": "lower end of its 95 % interval [1]",
            "total_high": "upper end of its 95 % interval [1]",
        },
        "brackets": {
            "lower": "the objective is at least this, certified [currency]",
            "upper": "the objective is at most this, certified [currency]",
        },
    },
    "simulation": {
        "strategies": {
            "strategy": "policy, mean_value (the plan for the mean, kept to), naive (spent evenly), plan",
            "npv": "net present value of the programme, mean over futures [currency]",
            **_MONEY_OF_FUTURES,
            "peak_funding": "most that is laid out before it comes back, median over futures [currency]",
            "spent": "paid for orders within the window, mean over futures [currency]",
            "loses_share": "share of futures in which the programme loses money [1]",
            "irr": "internal rate of return, median over the futures that have one [1/year]",
            "unmet_share": "share of what is owed that is not served [1]",
            "idle_accelerators_share": "share of accelerators that do not run after the window [1]",
        },
    },
    "study": {
        "ranking": _STUDIED,
        "levels": {
            "dimension": "case, variant, as_of or risk",
            "level": "of the dimension",
            "n": "number of its plans",
            "mean": "mean net present value [currency]",
            "least": "least net present value [currency]",
            "most": "highest net present value [currency]",
            "q05": "5 % quantile [currency]",
            "q25": "25 % quantile [currency]",
            "q50": "median [currency]",
            "q75": "75 % quantile [currency]",
            "q95": "95 % quantile [currency]",
        },
    },
    "backtest": {
        "scored": _SCORED,
        "skill": {
            "part": _SCORED["part"],
            "subject": "company, or all",
            "method": "that is judged",
            "beside": "method that it is held against",
            "cases": "forecasts that both have",
            "loss": "mean pinball loss, as a share of the newest report [1]",
            "beside_loss": "the same of the other method [1]",
            "absolute_error": "mean absolute error, as a share of the newest report [1]",
            "beside_absolute_error": "the same of the other method [1]",
            "skill": "one less the ratio of the losses [1]",
            "low": "lower end of its 95 % range by block bootstrap; empty for one company [1]",
            "high": "upper end of its 95 % range [1]",
            "absolute_skill": "one less the ratio of the absolute errors [1]",
        },
        "calibration": {
            "part": _SCORED["part"],
            "metric": "figure that is forecast",
            "method": "that forecast it",
            "group": "of cases that are counted together",
            "covered": "cases in which the 80 % interval held the report",
            "cases": "in all",
            "low": "lower end of the exact binomial range of the share [1]",
            "high": "upper end of the exact binomial range of the share [1]",
            "reads": "whether 80 % lies in that range, in words",
        },
        "regret": {
            "way": "way to decide",
            "objective": "present value under the inputs that came true [million currency]",
            "regret": "what the best plan for these inputs is worth more [million currency]",
            "spent": "paid for orders within the window [million currency]",
        },
        "waterfall": {
            "metric": "figure that is explained",
            "step": "from what the plan said to what was reported",
            "amount": "of the step [million currency]",
            "sum": "after the step [million currency]",
            "how": "how the step was found",
        },
        "supply": {
            "offer": "offer of the case",
            "destination": "country to which it is delivered",
            "quarter": "the quarter, such as 2026Q3",
            "chance": "forecast chance that it may be sold [1]",
            "unchanged": "1 where it could be sold on the day of the forecast, 0 otherwise [1]",
            "free": "whether it could be sold",
            "brier": "squared error of the chance [1]",
            "brier_unchanged": "squared error of staying as it was [1]",
        },
    },
    "backtests": {"scored": {"case": "name of the case", **_SCORED}},
    "replay": {
        "by_seed": {"seed": "of the draw; the other columns are the figures that differ between seeds"},
        "clusters": {
            "workload": "of the planned fleet",
            "sites": "sites of the cluster, joined by +",
            "accelerators": "planned [accelerator]",
            "replayed_on": "in the part of the cluster that the trace fills [accelerator]",
            "load": "work asked for over what the part can do [1]",
            "utilisation": "share of accelerator time in use while jobs arrive [1]",
            "stranded": "share that stands idle though jobs wait, for want of what they need beside [1]",
            "mean_wait_s": "mean time from arrival to start [s]",
        },
        "offers": {
            "workload": "of the planned fleet",
            "offer": "offer of the case",
            "chip": "of the catalogue",
            "layout": "how the model is split over chips",
            "accelerators": "planned [accelerator]",
            "replicas": "of the model that they hold",
        },
        "deratings": {
            "workload": "of the case",
            "offer": "offer of the case, or all",
            "utilisation": "share of accelerator time in use [1]",
            "utilisation_low": "lower end of its 95 % interval [1]",
            "utilisation_high": "upper end of its 95 % interval [1]",
            "usable": "share of the fleet that a plan may count on [1]",
            "usable_low": "lower end of its 95 % interval [1]",
            "usable_high": "upper end of its 95 % interval [1]",
            "stretches": "parts of the trace that the intervals rest on",
            "trace": "name of the trace",
        },
    },
}
"""By the kind of a run folder and the name of a table; columns named by a case, as axes are, are left out."""

RUN_COLUMNS: Mapping[str, Columns] = {
    "throughput": {
        "origin": "stated, computed, relative (beside another rate) or none",
        "bound_by": "what bounds a computed rate",
        "note": "how it runs, where it is from, or why it is nothing",
    },
    "hire": {
        "hire_option": "offer of a cloud, such as big/on-demand",
        "way": "on-demand, spot, or the name of a reservation",
    },
}
"""Columns of tables of a run that no other table has; the shared ones are in ``table_description``."""


def parted(text: str) -> tuple[str, str | None]:
    """Return the meaning of a column, and its unit if it has one."""
    meaning, bracket, unit = text.removesuffix("]").rpartition(" [")
    return (meaning, unit) if bracket and text.endswith("]") else (text, None)

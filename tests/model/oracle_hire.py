"""Hired capacity in the second formulation."""

from __future__ import annotations

from typing import Any

import numpy as np


def hire(oracle: Any):
    """What hired units serve: those had at the fee of the day, and those whose reservation runs.

    A reservation is a stock here: it comes and goes by two pipelines, and pays the fee of its signing,
    which a second stock of money remembers.
    """
    options = oracle.m.hire
    oracle.fees = lambda disc: 0.0
    if options is None:
        return 0.0
    reserved = oracle.data(options.reserved, "hire")
    limit = oracle.data(options.limit, "hire", "quarter")
    in_time = oracle.arrives_in_time(options.lead_quarters, "hire")
    signed = oracle.variable("signed", "hire", "quarter", upper=limit, exists=reserved & in_time)
    oracle.require("reserved before", signed, ">=", oracle.data(options.least, "hire", "quarter"))
    loose = oracle.variable("hired", "hire", "quarter", upper=limit, exists=~reserved)
    fee = oracle.data(options.fee, "hire", "quarter")
    stocks = []
    for name, flow in (("units", signed), ("fees", signed * fee)):
        coming = oracle.pipeline(
            f"{name} reserved", oracle.waits(flow, options.lead_quarters, "hire"), "hire"
        )
        ends = options.lead_quarters + options.term_quarters
        leaving = oracle.pipeline(f"{name} expired", oracle.waits(flow, ends, "hire"), "hire")
        stock = oracle.variable(f"{name} under reservation", "hire", "quarter")
        change = coming.sel(ahead=0, drop=True) - leaving.sel(ahead=0, drop=True)
        kept = oracle.before(stock, oracle.data(np.zeros(len(options.names)), "hire"))
        oracle.require(f"{name} under reservation", stock - kept - change, "==", 0.0, reserved)
        stocks.append(stock)

    def fees(weights):
        disc = oracle.data(weights, "quarter")
        return (loose * (fee * disc)).sum() + (stocks[1] * (disc * reserved.astype(float))).sum()

    oracle.fees = fees
    serving = oracle.variable("hired serving", "hire", "workload", "quarter")
    had = loose + stocks[0] * reserved.astype(float)
    oracle.require("hired serving", serving.sum("workload") - had, "<=", 0.0)
    return (serving * oracle.data(options.service, "hire", "workload")).sum("hire")

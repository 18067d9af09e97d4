"""Minimise a function of a few variables without its slope (Nelder and Mead, 1965)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Objective = Callable[[np.ndarray], float]


def minimise(
    objective: Objective, start: np.ndarray, *, evaluations: int, size: float = 0.25, tolerance: float = 1e-4
) -> tuple[np.ndarray, float]:
    """Walk a simplex downhill from a start.

    Reflection, expansion, contraction and shrinkage have the factors 1, 2, 1/2 and 1/2.

    Args:
        objective: what to minimise.
        start: shape (variables,).
        evaluations: about how often to evaluate the objective at most.
        size: first step along each axis.
        tolerance: stop when the simplex is smaller than this in every direction.

    Returns:
        The best place found, shape (variables,), and the objective there.
    """
    count = len(start)
    simplex = np.vstack([start, start + size * np.eye(count)])
    values = np.array([objective(point) for point in simplex])
    used = count + 1
    while used < evaluations:
        order = np.argsort(values, kind="stable")
        simplex, values = simplex[order], values[order]
        if np.abs(simplex[1:] - simplex[0]).max() < tolerance:
            break
        centre = simplex[:-1].mean(axis=0)
        reflected = 2 * centre - simplex[-1]
        reflected_value = objective(reflected)
        used += 1
        if reflected_value < values[0]:
            expanded = 3 * centre - 2 * simplex[-1]
            expanded_value = objective(expanded)
            used += 1
            better = expanded_value < reflected_value
            simplex[-1], values[-1] = (expanded, expanded_value) if better else (reflected, reflected_value)
        elif reflected_value < values[-2]:
            simplex[-1], values[-1] = reflected, reflected_value
        else:
            outside = reflected_value < values[-1]
            contracted = 0.5 * (centre + (reflected if outside else simplex[-1]))
            contracted_value = objective(contracted)
            used += 1
            if contracted_value < min(reflected_value, values[-1]):
                simplex[-1], values[-1] = contracted, contracted_value
            else:
                simplex[1:] = 0.5 * (simplex[1:] + simplex[0])
                values[1:] = [objective(point) for point in simplex[1:]]
                used += count
    best = int(np.argmin(values))
    return simplex[best], float(values[best])

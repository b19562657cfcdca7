"""Sums over infinite spectra against sums over many modes, one by one."""

import numpy as np
import pytest

from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.theory.geometric_sums import (
    mode_parts,
    sums_from,
    training,
)


def one_by_one(slope, folds, step, first):
    """Five sums and the first three modes, from averages of single modes."""
    lam = np.exp(-slope * np.arange(int(90 / slope)))
    if step is None:
        means = theory.flow_averages(np.multiply.outer(folds, lam))
    else:
        count = np.round(folds / step)
        means = theory.descent_averages(step * lam, count[:, None])
    z = np.multiply.outer(folds, lam)
    alpha, beta = z * means.start, z * means.target
    parts = (alpha, beta, alpha**2, alpha * beta, beta**2)
    return np.array([part[:, first:].sum(1) for part in parts]), alpha, beta


@pytest.mark.parametrize("slope", [0.05, 0.7, 4.0])
@pytest.mark.parametrize("first", [0, 3])
def test_sums_of_the_flow_are_those_of_single_modes(slope, first):
    folds = np.geomspace(1e-6, 1e6, 40)
    cases = training(folds, np.zeros(40))
    sums, alpha, beta = one_by_one(slope, folds, None, first)
    np.testing.assert_allclose(sums_from(slope, cases, first), sums, rtol=1e-13)
    found = mode_parts(slope, cases, 3)
    np.testing.assert_allclose(found[0], alpha.T[:3], rtol=1e-13)
    np.testing.assert_allclose(found[1], beta.T[:3], rtol=1e-13)


@pytest.mark.parametrize("slope", [0.2, 1.0])
@pytest.mark.parametrize("step", [0.3, 1.0, 1.7])
def test_sums_of_descent_are_those_of_single_modes(slope, step):
    count = np.unique(np.geomspace(1, 1e6, 30).round())
    first = int(np.ceil(np.log(max(step, 1)) / slope))
    cases = training(step * count, 1 / count)
    sums, alpha, beta = one_by_one(slope, step * count, step, first)
    np.testing.assert_allclose(
        sums_from(slope, cases, first), sums, rtol=1e-13, atol=1e-290
    )
    found = mode_parts(slope, cases, 3)
    np.testing.assert_allclose(found[0], alpha.T[:3], rtol=1e-12)
    np.testing.assert_allclose(found[1], beta.T[:3], rtol=1e-12, atol=1e-290)


def test_blocks_change_nothing(monkeypatch):
    folds = np.geomspace(1e-3, 1e4, 50)
    cases = training(folds, np.zeros(50))
    whole = sums_from(0.3, cases, 1)
    monkeypatch.setattr("linnet.phenomena.sloppiness.theory.geometric_sums.BLOCK", 100)
    np.testing.assert_allclose(sums_from(0.3, cases, 1), whole, rtol=1e-14)

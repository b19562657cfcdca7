import numpy as np
import pytest
from judging import failed

from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import kernel_ribbons, kernel_runs
from linnet.phenomena.sloppiness.claims.kernel_ribbons import (
    FALL,
    MIXED,
    SEEN,
    UNSEEN,
    KernelRibbons,
)
from linnet.phenomena.sloppiness.claims.kernel_runs import (
    RADIAL,
    RANDOM,
    SHOWN_TRAINING,
    STEPS,
    TRAINING,
)
from linnet.study import run_claim

CLAIM = KernelRibbons()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_kernel_machines_have_predicted_ribbons_and_a_linear_model_another(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    labels = {MIXED, FALL, *SEEN.values(), *UNSEEN.values()}
    assert {c.label for c in verdict.comparisons} == labels
    for comparison in verdict.comparisons:
        assert comparison.wrong_deviation > 20
    assert "falls by a factor" in verdict.note
    for panel, roles in zip(
        figure.panels,
        (["guide"], ["guide"], []),
        strict=True,
    ):
        expected = ["theory", "simulation", "wrong", *roles]
        assert [s.role for s in panel.series] == expected


def test_random_features_have_the_closed_spectrum_of_a_linear_model_in_them():
    features = kernel_runs.images(0).features[:TRAINING]
    values = np.linalg.eigvalsh(features.T @ features / TRAINING)[::-1]
    closed = theory.random_target_spectrum(
        values,
        TRAINING,
        1.0,
        kernel_runs.TARGET[RANDOM],
        theory.GradientDescent(1 / values[0]),
        theory.uniform_checkpoints(STEPS),
    )
    moment, _ = kernel_ribbons._machine(0, RANDOM)
    np.testing.assert_allclose(np.diag(moment), closed[:SHOWN_TRAINING], rtol=1e-9)


def test_a_start_that_spreads_like_the_kernel_fails_at_both_kinds_of_points(asked):
    kernel, images = kernel_ribbons._kernel(0, RADIAL), kernel_runs.images(0)
    digits = theory.linear_kernel(images.digits)
    alike = kernel_ribbons._moments(0, RADIAL, kernel, kernel, digits)
    machines = {RADIAL: alike, RANDOM: kernel_ribbons._machine(0, RANDOM)}
    predicted = kernel_ribbons._told(machines)
    predicted[MIXED] = CLAIM.predict(asked)[MIXED]
    found = failed(CLAIM, asked, predicted)
    assert found >= {SEEN[RADIAL], UNSEEN[RADIAL]}
    assert SEEN[RANDOM] not in found


def test_test_points_without_what_the_start_has_beside_its_extension_fail(
    asked, monkeypatch
):
    exact = theory.kernel_test_moment

    def extended(modes, kernel, starts, *rest):
        basis = modes.basis[:, : modes.rank]
        carried = kernel @ basis / (TRAINING * modes.variances[: modes.rank]) @ basis.T
        only = theory.StartKernels(
            starts.training,
            carried @ starts.training,
            carried @ starts.training @ carried.T,
        )
        return exact(modes, kernel, only, *rest)

    monkeypatch.setattr(theory, "kernel_test_moment", extended)
    kernel_ribbons._machine.cache_clear()
    predicted = CLAIM.predict(asked)
    kernel_ribbons._machine.cache_clear()
    assert failed(CLAIM, asked, predicted) == {UNSEEN[RADIAL]}

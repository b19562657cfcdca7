import pytest

from linnet.reproduce import reproduce_claims, select


def test_all_canonical_claims_are_chosen_by_default():
    assert [claim.name for claim, _ in select()] == [
        "two_phases",
        "phase_plane",
        "phase_times",
        "phase_maps",
        "discrete_clock",
        "late_rates",
        "silent_alignment",
        "staircase",
        "several_outputs",
        "deep_escape",
        "large_step",
        "weight_decay_collapse",
        "sample_spikes",
        "final_risk",
        "alignment_that_hurts",
        "double_descent",
        "frozen_null_space",
        "learning_curves",
        "early_stopping",
        "noise_spectrum",
        "noise_floor",
        "exact_covariance",
        "exact_against_continuum",
        "mean_square_edge",
        "anisotropic_weights",
        "flat_curvature",
        "currents",
        "momentum",
        "epochs",
        "reshuffling",
        "layer_variances",
        "inverse_variance_flatness",
        "gauge_drift",
        "imbalance_drift",
        "ribbon_spectrum",
        "phase_boundary",
        "dimension_peak",
        "three_ensembles",
        "one_curve",
        "checkpoint_schedule",
        "optimizers",
        "gradient_noise",
        "noise_restores_ribbon",
        "kernel_ribbons",
        "lazy_networks",
        "gaussian_bridge",
        "digit_networks",
        "data_slopes",
        "conservation",
        "end_to_end_limit",
        "hidden_layer_spectrum",
        "stable_rank",
        "variational_limit",
        "mode_law",
        "mirror_flow",
        "mirror_defect",
        "first_escape",
        "sequential_plateaus",
        "riccati_solution",
        "scalar_limit",
        "gaussian_shape",
        "finite_rate",
        "hessian_spectrum",
        "largest_stable_rate",
        "convergence_bound",
    ]


@pytest.mark.parametrize("name", ["mode_law", "spectral_bias/mode_law"])
def test_a_claim_is_found_by_its_name_with_or_without_phenomenon(name):
    ((claim, problem),) = select([name])
    assert claim.name == "mode_law"
    assert problem.canonical


def test_an_unknown_name_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match=r"named gravity.*spectral_bias/conservation"):
        select(["mode_law", "gravity"])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("two_phase", "anisotropy/two_phases"),
        ("spectral_bias/mode_laws", "spectral_bias/mode_law"),
        ("anisotropies", "anisotropy"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant_first(typed, meant):
    with pytest.raises(ValueError, match=rf"named {typed}\. Did you mean {meant}\b"):
        select([typed])


def test_a_name_like_no_other_is_answered_without_a_guess():
    with pytest.raises(ValueError, match=r"named 12345\. There are the phenomena"):
        select(["12345"])


def test_a_claim_that_only_data_can_ask_is_refused():
    with pytest.raises(ValueError, match="no canonical claim named late_rate"):
        select(["late_rate"])


def test_seed_and_effort_are_part_of_the_problem_and_of_its_command():
    ((_, problem),) = select(["mode_law"], seed=3, quick=True)
    assert problem.seed == 3
    assert problem.command == "linnet reproduce spectral_bias --seed 3 --quick"


def test_the_command_of_a_verdict_poses_the_same_problem_to_its_claim_alone():
    for claim, problem in select(seed=3, quick=True):
        assert (problem.seed, problem.quick) == (3, True), claim.name


def test_the_hook_hears_every_claim_before_it_is_run():
    heard = []
    findings = reproduce_claims(["first_escape"], quick=True, on_claim=heard.append)
    assert heard == [findings.found[0].verdict.statement]
    assert findings.summary() == "1 of 1 claims hold"

"""How a run ended, judged from outside the loop."""

from linnet.dynamics.trajectory import Outcome

CONVERGED = 1e-8  # excess loss as a fraction
RESTING = 0.01  # share of the excess loss that another run as long would gain


def classify(
    gap: float,
    speed: float,
    at: float,
    stopped: bool,
    is_discrete: bool,
    time_unit: float,
    limit: float,
) -> Outcome:
    """The outcome of one replica.

    A replica that is far above the minimum and would gain less than one per cent of
    its excess loss in another run as long rests on a plateau.

    Args:
        gap: Excess loss as a fraction.
        speed: Rate at which the gap falls.
        at: Time or step at which the replica stands.
        stopped: Whether it could go no further.
        is_discrete: Whether `at` counts steps.
        time_unit: Time of one unit of `at`.
        limit: Gap at which it counts as converged.
    """
    where = f"{'step' if is_discrete else 'time'} {at:.6g}"
    if stopped and is_discrete:
        text = f"diverged at {where}: lower the learning rate or the initial scale"
        return Outcome("diverged", at, gap, text)
    if gap <= limit:
        text = f"converged: excess loss at {gap:.1e} of its scale by {where}"
        return Outcome("converged", at, gap, text)
    if stopped:
        text = f"the solver used up its steps at {where}: raise the tolerance"
        return Outcome("limit", at, gap, text)
    gained = speed * at * time_unit
    if gained <= RESTING * gap and (at > 0 or speed == 0):
        text = f"stopped on a plateau at {where}: excess loss at {gap:.1e} of its scale"
        return Outcome("plateau", at, gap, text)
    text = f"still moving at {where}: excess loss at {gap:.1e} of its scale"
    return Outcome("limit", at, gap, text)

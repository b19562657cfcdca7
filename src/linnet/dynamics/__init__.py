"""The microscopic process: gradient flow, descent and SGD, through one entry."""

from linnet.dynamics.chebyshev import RKC3 as RKC3
from linnet.dynamics.descent import SGD as SGD
from linnet.dynamics.descent import AbstractDiscreteDynamics as AbstractDiscreteDynamics
from linnet.dynamics.descent import GradientDescent as GradientDescent
from linnet.dynamics.flow import GradientFlow as GradientFlow
from linnet.dynamics.langevin import Langevin as Langevin
from linnet.dynamics.late_statistics import EffectiveSamples as EffectiveSamples
from linnet.dynamics.late_statistics import LateTime as LateTime
from linnet.dynamics.late_time import flat_weights as flat_weights
from linnet.dynamics.late_time import late_time as late_time
from linnet.dynamics.ornstein_uhlenbeck import (
    OrnsteinUhlenbeck as OrnsteinUhlenbeck,
)
from linnet.dynamics.sampling import AbstractSampling as AbstractSampling
from linnet.dynamics.sampling import Epochs as Epochs
from linnet.dynamics.sampling import WithoutReplacement as WithoutReplacement
from linnet.dynamics.sampling import WithReplacement as WithReplacement
from linnet.dynamics.schedule import linear_steps as linear_steps
from linnet.dynamics.schedule import log_steps as log_steps
from linnet.dynamics.schedule import log_times as log_times
from linnet.dynamics.simulate import simulate as simulate
from linnet.dynamics.trajectory import Outcome as Outcome
from linnet.dynamics.trajectory import Trajectory as Trajectory
from linnet.dynamics.update import AbstractUpdate as AbstractUpdate
from linnet.dynamics.update import HeavyBall as HeavyBall
from linnet.dynamics.update import PlainUpdate as PlainUpdate

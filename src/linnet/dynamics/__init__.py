"""The microscopic process: gradient flow, descent and SGD, through one entry."""

from linnet.dynamics.chebyshev import RKC3 as RKC3
from linnet.dynamics.classifier import (
    Classifier as Classifier,
    classifier_grid as classifier_grid,
)
from linnet.dynamics.classifiers import (
    ClassifierOutcome as ClassifierOutcome,
    ClassifierRuns as ClassifierRuns,
    train_classifiers as train_classifiers,
)
from linnet.dynamics.descent import (
    SGD as SGD,
    AbstractDiscreteDynamics as AbstractDiscreteDynamics,
    GradientDescent as GradientDescent,
)
from linnet.dynamics.ensemble import (
    EnsembleRun as EnsembleRun,
    stream_ensemble as stream_ensemble,
    train_ensemble as train_ensemble,
)
from linnet.dynamics.ensemble_process import (
    AbstractEnsembleProcess as AbstractEnsembleProcess,
)
from linnet.dynamics.flow import GradientFlow as GradientFlow
from linnet.dynamics.flow_ensemble import flow_ensemble as flow_ensemble
from linnet.dynamics.kernel_ensemble import KernelEnsemble as KernelEnsemble
from linnet.dynamics.langevin import Langevin as Langevin
from linnet.dynamics.late_statistics import (
    EffectiveSamples as EffectiveSamples,
    LateTime as LateTime,
)
from linnet.dynamics.late_time import (
    flat_weights as flat_weights,
    late_time as late_time,
)
from linnet.dynamics.linear_ensemble import LinearEnsemble as LinearEnsemble
from linnet.dynamics.network_ensemble import NetworkEnsemble as NetworkEnsemble
from linnet.dynamics.online_ensemble import OnlineEnsemble as OnlineEnsemble
from linnet.dynamics.ornstein_uhlenbeck import (
    OrnsteinUhlenbeck as OrnsteinUhlenbeck,
)
from linnet.dynamics.sampling import (
    AbstractSampling as AbstractSampling,
    Epochs as Epochs,
    WithoutReplacement as WithoutReplacement,
    WithReplacement as WithReplacement,
)
from linnet.dynamics.schedule import (
    linear_steps as linear_steps,
    log_steps as log_steps,
    log_times as log_times,
)
from linnet.dynamics.simulate import simulate as simulate
from linnet.dynamics.trajectory import Outcome as Outcome, Trajectory as Trajectory
from linnet.dynamics.update import (
    AbstractUpdate as AbstractUpdate,
    HeavyBall as HeavyBall,
    Nesterov as Nesterov,
    PlainUpdate as PlainUpdate,
)

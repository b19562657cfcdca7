r"""Measurements of clouds of models: predictions of any network, as arrays.

No theory is assumed.
"""

from linnet.phenomena.sloppiness.measure.along_geodesic import (
    Progress as Progress,
    progress as progress,
)
from linnet.phenomena.sloppiness.measure.geometry import (
    geodesic as geodesic,
    geodesic_length as geodesic_length,
    path_length as path_length,
    step_lengths as step_lengths,
)
from linnet.phenomena.sloppiness.measure.sphere import (
    ignorance as ignorance,
    truth as truth,
)

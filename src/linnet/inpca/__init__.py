"""inPCA of a file: its distances in tiles on disk, then models as points.

`prepare` looks at the file, refuses what cannot work and says what the rest will cost;
`embed` does it, and takes up where an interrupted run was left; `place` puts models of
another file among those of a saved result.
"""

from linnet.inpca.cost import Cost as Cost
from linnet.inpca.job import Job as Job, prepare as prepare
from linnet.inpca.marks import (
    MARKS as MARKS,
    mark_distances as mark_distances,
    place_marks as place_marks,
)
from linnet.inpca.placement import Placement as Placement, place as place
from linnet.inpca.settings import (
    DISTANCES as DISTANCES,
    KINDS as KINDS,
    Settings as Settings,
)
from linnet.inpca.stored import cost_left as cost_left
from linnet.inpca.work import (
    embed as embed,
    load_embedding as load_embedding,
    summary as summary,
)

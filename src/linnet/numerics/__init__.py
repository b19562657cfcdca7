"""Mathematics that knows no network: spectra and estimates."""

from linnet.numerics.estimate import Estimate as Estimate
from linnet.numerics.frames import haar_frame as haar_frame
from linnet.numerics.spectra import Decay as Decay
from linnet.numerics.spectra import effective_rank as effective_rank
from linnet.numerics.spectra import geometric_spectrum as geometric_spectrum
from linnet.numerics.spectra import participation_ratio as participation_ratio
from linnet.numerics.spectra import power_law_spectrum as power_law_spectrum
from linnet.numerics.spectra import spectrum_decay as spectrum_decay
from linnet.numerics.spectra import stable_rank as stable_rank
from linnet.numerics.spectra import subspace_overlap as subspace_overlap

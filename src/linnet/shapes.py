"""Shapes in annotations: jaxtyping where it is loaded, names only where it is not.

Loading jaxtyping costs more than loading NumPy, and a theory function needs it for
nothing but its annotations. Type checkers see jaxtyping; so do the tests, which load it
first and check shapes while they run. Elsewhere `Float[np.ndarray, "n d"]` is
`Annotated[np.ndarray, "n d"]`. Modules that load JAX anyway use jaxtyping itself.
"""

import sys
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Float as Float, Int as Int
else:

    class Float:
        """An array of floats of a shape."""

        def __class_getitem__(cls, item: tuple[Any, str]) -> Any:
            return Annotated[item[0], item[1]]

    class Int:
        """An array of whole numbers of a shape."""

        def __class_getitem__(cls, item: tuple[Any, str]) -> Any:
            return Annotated[item[0], item[1]]

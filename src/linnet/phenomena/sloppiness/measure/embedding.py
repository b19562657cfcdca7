r"""Models as points: coordinates of both signs, and how much of the whole they hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from linnet.numerics import Estimate
from linnet.shapes import Float

if TYPE_CHECKING:
    import xarray

SCHEMA = 1
BY_MODEL = ("row_means", "self_products")
BY_COMPONENT = ("eigenvalues", "residuals")
NUMBERS = ("trace", "rest_square")
FACTS = ("distance", "samples", "identity", "version")


def _installed_version() -> str:
    from importlib.metadata import version

    return version("linnet")


@dataclass(frozen=True, eq=False)
class About:
    """What an embedding is of; carried along, never computed with.

    Attributes:
        distance: Name of the distance.
        samples: Samples that the distances average over; 0 if not told.
        identity: Hash of everything that made the distances, or empty.
        models: Labels and metadata, one array of m entries each, by name.
        version: Of this package.
    """

    distance: str = ""
    samples: int = 0
    identity: str = ""
    models: Mapping[str, np.ndarray] = field(default_factory=dict)
    version: str = field(default_factory=_installed_version)


@dataclass(frozen=True, eq=False)
class Embedding:
    r"""The k leading directions of $W=-\frac12L\mathcal DL^\top$, of both signs.

    They are ranked by $\lvert e\rvert$. Coordinates are $x_{uk}=v_{uk}\sqrt{\lvert
    e_k\rvert}$, with $\sum_u\omega_uv_{uk}^2=1$, and with all k
    $$\mathcal D_{uv} = \sum_k\operatorname{sgn}(e_k)\,(x_{uk}-x_{vk})^2$$
    for $\mathcal D_{uu}=0$, in the support of the weights. Without weights $\omega=1$
    and $e_k$ are eigenvalues of $W$; with weights, of $W\,\mathrm{diag}(\omega)$:
    weights $1/m$ divide the eigenvalues by m and leave the coordinates. Each column is
    fixed up to a sign: of its entries largest in size the first is positive. Columns of
    equal eigenvalues are fixed up to a rotation.

    Exact for the given distances up to `residuals`, hence without error bar.

    Attributes:
        coordinates: $x$.
        eigenvalues: $e_k$, of both signs.
        residuals: $\lVert Sv_k-e_kv_k\rVert$ in the metric of the weights: some
            eigenvalue lies at most this far from $e_k$.
        row_means: Mean distance of each model from all, by weight.
        self_products: $W_{uu}$.
        trace: Sum of all eigenvalues.
        rest_square: Sum of the squares of all eigenvalues but these.
        weights: $\omega$, or None.
        method: How the eigenpairs were found.
        reads: How often the distances were read.
        is_approximate: Whether models outside the support of the weights were placed.
        sampled_error: Of the distances between such models, see `landmark_embedding`.
        about: What it is of.
    """

    coordinates: Float[np.ndarray, "m k"]
    eigenvalues: Float[np.ndarray, " k"]
    residuals: Float[np.ndarray, " k"]
    row_means: Float[np.ndarray, " m"]
    self_products: Float[np.ndarray, " m"]
    trace: float
    rest_square: float
    weights: Float[np.ndarray, " m"] | None = None
    method: str = "dense"
    reads: int = 1
    is_approximate: bool = False
    sampled_error: Estimate | None = None
    about: About = field(default_factory=About)

    @property
    def components(self) -> int:
        """How many columns there are, k."""
        return len(self.eigenvalues)

    @property
    def signature(self) -> Float[np.ndarray, " k"]:
        """The sign of each eigenvalue: +1 like space, -1 like time."""
        return np.sign(self.eigenvalues)

    @property
    def scale(self) -> float:
        """What the weights sum to: one, or without weights m."""
        return 1.0 if self.weights is not None else float(len(self.coordinates))

    @property
    def shares(self) -> Float[np.ndarray, " m"]:
        """Weights that sum to one, given or uniform."""
        m = len(self.coordinates)
        return np.full(m, 1 / m) if self.weights is None else self.weights

    def explained_stress(self) -> Float[np.ndarray, " k"]:
        r"""$\chi_k = 1-\sqrt{1-\sum_{i\le k}e_i^2/\sum_i e_i^2}$, for 1 to k columns.

        It is $1-\lVert W-W_k\rVert/\lVert W\rVert$.
        """
        rest = self._squares_beyond()
        return 1 - np.sqrt(rest[1:] / rest[0])

    def _squares_beyond(self) -> Float[np.ndarray, " k_plus_one"]:
        """Sums of the squares of all eigenvalues but the first 0 to k."""
        squares = np.append(self.eigenvalues**2, self.rest_square)
        return np.cumsum(squares[::-1])[::-1]

    def distance_error(self) -> Float[np.ndarray, " k"]:
        r"""$\lVert\mathcal D-\mathcal D_k\rVert/\lVert\mathcal D\rVert$, k from 1 on.

        Over pairs with their weights, from $W$ alone: with $b_u=W_{uu}$ and $b_k$ its
        part in k columns, the square is that of the terms without k, over
        $2(\sum b-\sum_{i\le k}e_i)^2+2m\lVert b-b_k\rVert^2+4(\lVert W\rVert^2
        -\sum_{i\le k}e_i^2)$ for k = 0. Diagonal distances count as zero.
        """
        share, scale = self.shares, self.scale
        held = np.cumsum(self.coordinates**2 * self.signature, axis=1)
        b = np.concatenate([np.zeros((len(held), 1)), held], axis=1)
        lost = self.self_products[:, None] - b
        square = 2 * scale**2 * ((share @ lost) ** 2 + share @ lost**2)
        square = square + 4 * self._squares_beyond()
        return np.sqrt(square[1:] / square[0])

    def explained_distance(self) -> Float[np.ndarray, " k"]:
        """One minus `distance_error`: like the stress, for distances themselves."""
        return 1 - self.distance_error()

    def distances(
        self, rows: slice | np.ndarray, columns: slice | np.ndarray
    ) -> Float[np.ndarray, "r c"]:
        """Distances of some models from others, as these columns have them."""
        left, right = self.coordinates[rows], self.coordinates[columns]
        inner = (left * self.signature) @ right.T
        one, two = (x**2 @ self.signature for x in (left, right))
        return one[:, None] + two[None, :] - 2 * inner

    def as_dataset(self) -> "xarray.Dataset":
        """All of it by the names `model` and `component`, to be looked at or saved."""
        return _dataset(self)

    @classmethod
    def from_dataset(cls, dataset: "xarray.Dataset") -> "Embedding":
        """The embedding that `as_dataset` made it of, to the last bit.

        Raises:
            ValueError: when a variable or an attribute is missing.
        """
        return cls(**_parts(dataset))


def _dataset(embedding: Embedding) -> "xarray.Dataset":
    """Dimensions `model` and `component`; what follows stands beside what was found.

    Labels and metadata are coordinates along `model`. Attributes are numbers and texts,
    so that every file format takes them.
    """
    import xarray

    variables: dict[str, Any] = {
        "coordinates": (("model", "component"), embedding.coordinates),
        "weights": ("model", embedding.shares),
        "signature": ("component", embedding.signature),
        "explained_stress": ("component", embedding.explained_stress()),
        "explained_distance": ("component", embedding.explained_distance()),
    }
    for dimension, names in (("model", BY_MODEL), ("component", BY_COMPONENT)):
        variables |= {name: (dimension, getattr(embedding, name)) for name in names}
    about = embedding.about
    taken = sorted({*variables, "component"} & set(about.models))
    if taken:
        raise ValueError(
            f"Argument `about` must not name a label `{taken[0]}`, which is taken:"
            " choose another name."
        )
    along: dict[str, Any] = {
        name: ("model", np.asarray(values)) for name, values in about.models.items()
    }
    along["component"] = np.arange(1, embedding.components + 1)
    attributes = {name: getattr(embedding, name) for name in NUMBERS}
    attributes |= {name: getattr(about, name) for name in FACTS}
    attributes |= {
        "schema": SCHEMA,
        "method": embedding.method,
        "reads": embedding.reads,
        "is_approximate": int(embedding.is_approximate),
        "is_weighted": int(embedding.weights is not None),
    }
    error = embedding.sampled_error
    if error is not None:
        attributes["sampled_error"] = float(error.value)
        attributes["sampled_error_stderr"] = float(error.stderr)
        attributes["sampled_error_samples"] = float(error.effective_samples)
    return xarray.Dataset(variables, along, attributes)


def _parts(dataset: "xarray.Dataset") -> dict[str, Any]:
    """Arguments of `Embedding`, out of the data set that it made."""
    attributes = dataset.attrs
    if int(attributes.get("schema", 0)) != SCHEMA:
        raise ValueError(
            f"Argument `dataset` must be an embedding of schema {SCHEMA}, but says"
            f" {attributes.get('schema')}: make it with `as_dataset`."
        )
    needed = {"coordinates", "weights", *BY_MODEL, *BY_COMPONENT}
    facts = {*NUMBERS, *FACTS, "method", "reads", "is_approximate", "is_weighted"}
    missing = sorted(needed - set(dataset.variables) | facts - set(attributes))
    if missing:
        raise ValueError(
            f"Argument `dataset` must be a whole embedding, but lacks"
            f" {', '.join(missing)}."
        )
    found: dict[str, Any] = {
        name: dataset[name].to_numpy() for name in sorted(needed - {"weights"})
    }
    found |= {name: float(attributes[name]) for name in NUMBERS}
    is_weighted = bool(attributes["is_weighted"])
    found["weights"] = dataset["weights"].to_numpy() if is_weighted else None
    found["method"], found["reads"] = attributes["method"], int(attributes["reads"])
    found["is_approximate"] = bool(attributes["is_approximate"])
    found["sampled_error"] = _error(attributes)
    found["about"] = _about(dataset)
    return found


def _error(attributes: dict[str, Any]) -> Estimate | None:
    if "sampled_error" not in attributes:
        return None
    names = ("sampled_error", "sampled_error_stderr")
    value, stderr = (np.asarray(attributes[name], dtype=float) for name in names)
    return Estimate(value, stderr, float(attributes["sampled_error_samples"]))


def _about(dataset: "xarray.Dataset") -> About:
    models = {}
    for name, values in dataset.coords.items():
        if values.dims == ("model",):
            array = values.to_numpy()
            # Files give text back as Python objects.
            models[str(name)] = array.astype(str) if array.dtype == object else array
    facts = {name: dataset.attrs[name] for name in FACTS}
    return About(models=models, **(facts | {"samples": int(facts["samples"])}))

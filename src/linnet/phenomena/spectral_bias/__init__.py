"""Spectral bias: a small start makes the hidden layer low-rank, mode after mode."""

TITLE = "Spectral bias"
QUESTION = (
    "What does a small initialization do to a two-layer linear network, which"
    " directions does it learn first, and how large is its hidden layer in the end?"
)

BIBLIOGRAPHY = (
    """@inproceedings{varre2023,
  title     = {On the spectral bias of two-layer linear networks},
  author    = {Varre, Aditya Vardhan and Vladarean, Maria-Luiza and Pillaud-Vivien,
               Loucas and Flammarion, Nicolas},
  booktitle = {Advances in Neural Information Processing Systems},
  year      = {2023}
}""",
    """@inproceedings{gidel2019,
  title     = {Implicit regularization of discrete gradient dynamics in linear neural
               networks},
  author    = {Gidel, Gauthier and Bach, Francis and Lacoste-Julien, Simon},
  booktitle = {Advances in Neural Information Processing Systems},
  year      = {2019}
}""",
)

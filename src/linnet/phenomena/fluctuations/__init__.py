"""Fluctuations: how large SGD noise keeps the weights moving, and in which shape."""

TITLE = "Fluctuations"
QUESTION = (
    "How large and how shaped are the late-time weight fluctuations of minibatch SGD,"
    " and why are they larger where the loss is steeper?"
)

BIBLIOGRAPHY = (
    """@article{gross2024,
  title   = {Weight fluctuations in (deep) linear neural networks and a derivation of
             the inverse-variance flatness relation},
  author  = {Gross, Markus and Raulf, Arne P. and R{\\"a}th, Christoph},
  journal = {Physical Review Research},
  volume  = {6},
  pages   = {033103},
  year    = {2024}
}""",
)

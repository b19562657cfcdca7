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
    """@article{feng2021,
  title   = {The inverse variance-flatness relation in stochastic gradient descent is
             critical for finding flat minima},
  author  = {Feng, Yu and Tu, Yuhai},
  journal = {Proceedings of the National Academy of Sciences},
  volume  = {118},
  pages   = {e2015617118},
  year    = {2021}
}""",
    """@article{kuhn2023,
  title   = {Correlated noise in epoch-based stochastic gradient descent: implications
             for weight variances in flat directions},
  author  = {K{\\"u}hn, Marcel and Rosenow, Bernd},
  journal = {arXiv:2306.05300},
  year    = {2023}
}""",
    """@article{lok2024,
  title   = {Error dynamics of mini-batch gradient descent with random reshuffling for
             least squares regression},
  author  = {Lok, Jackie and Sonthalia, Rishi and Rebrova, Elizaveta},
  journal = {arXiv:2406.03696},
  year    = {2024}
}""",
    """@inproceedings{mulayoff2024,
  title     = {Exact mean square linear stability analysis for {SGD}},
  author    = {Mulayoff, Rotem and Michaeli, Tomer},
  booktitle = {Conference on Learning Theory},
  year      = {2024}
}""",
)

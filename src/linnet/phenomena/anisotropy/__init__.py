"""Anisotropy: in which order structured data are learned, how well, and until when."""

TITLE = "Anisotropy"
QUESTION = (
    "How do directions of large variance, and their alignment with the target, decide"
    " what is learned first, how long each phase takes and how well it generalizes?"
)

BIBLIOGRAPHY = (
    """@article{watanabe2026,
  title   = {The Impact of Anisotropic Covariance Structure on the Training Dynamics
             and Generalization Error of Linear Networks},
  author  = {Watanabe, Taishi and Karakida, Ryo and Teramae, Jun-nosuke},
  journal = {arXiv:2601.06961},
  year    = {2026}
}""",
    """@inproceedings{atanasov2022,
  title     = {Neural networks as kernel learners: {The} silent alignment effect},
  author    = {Atanasov, Alexander and Bordelon, Blake and Pehlevan, Cengiz},
  booktitle = {International Conference on Learning Representations},
  year      = {2022}
}""",
    """@article{li2025,
  title   = {Risk Phase Transitions in Spiked Regression: Alignment Driven Benign and
             Catastrophic Overfitting},
  author  = {Li, Jiping and Sonthalia, Rishi},
  journal = {arXiv:2510.01414},
  year    = {2025}
}""",
    """@article{baik2005,
  title   = {Phase Transition of the Largest Eigenvalue for Nonnull Complex Sample
             Covariance Matrices},
  author  = {Baik, Jinho and Ben Arous, G{\\'e}rard and P{\\'e}ch{\\'e}, Sandrine},
  journal = {The Annals of Probability},
  volume  = {33},
  number  = {5},
  pages   = {1643--1697},
  year    = {2005}
}""",
    """@article{paul2007,
  title   = {Asymptotics of Sample Eigenstructure for a Large Dimensional Spiked
             Covariance Model},
  author  = {Paul, Debashis},
  journal = {Statistica Sinica},
  volume  = {17},
  number  = {4},
  pages   = {1617--1642},
  year    = {2007}
}""",
    """@article{baldi1989,
  title   = {Neural Networks and Principal Component Analysis: Learning from Examples
             Without Local Minima},
  author  = {Baldi, Pierre and Hornik, Kurt},
  journal = {Neural Networks},
  volume  = {2},
  number  = {1},
  pages   = {53--58},
  year    = {1989}
}""",
)

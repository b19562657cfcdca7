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
)

"""Sloppiness: on how thin a ribbon training moves, and what makes it so thin."""

TITLE = "Sloppiness"
QUESTION = (
    "Why do training trajectories of very different networks lie on one thin ribbon,"
    " and when do they not?"
)

BIBLIOGRAPHY = (
    """@article{mao2025,
  title   = {An Analytical Characterization of Sloppiness in Neural Networks: Insights
             from Linear Models},
  author  = {Mao, Jialin and Griniasty, Itay and Sun, Yan and Transtrum, Mark K. and
             Sethna, James P. and Chaudhari, Pratik},
  journal = {Physical Review E},
  volume  = {113},
  pages   = {015306},
  year    = {2026},
  note    = {arXiv:2505.08915}
}""",
    """@article{mao2024,
  title   = {The training process of many deep networks explores the same
             low-dimensional manifold},
  author  = {Mao, Jialin and Griniasty, Itay and Teoh, Han Kheng and Ramesh, Rahul and
             Yang, Rubing and Transtrum, Mark K. and Sethna, James P. and Chaudhari,
             Pratik},
  journal = {Proceedings of the National Academy of Sciences},
  volume  = {121},
  number  = {12},
  pages   = {e2310002121},
  year    = {2024}
}""",
    """@article{quinn2019,
  title   = {Visualizing probabilistic models and data with Intensive Principal
             Component Analysis},
  author  = {Quinn, Katherine N. and Clement, Colin B. and De Bernardis, Francesco and
             Niemack, Michael D. and Sethna, James P.},
  journal = {Proceedings of the National Academy of Sciences},
  volume  = {116},
  number  = {28},
  pages   = {13762--13767},
  year    = {2019}
}""",
    """@article{teoh2020,
  title   = {Visualizing probabilistic models in {Minkowski} space with intensive
             symmetrized {Kullback-Leibler} embedding},
  author  = {Teoh, Han Kheng and Quinn, Katherine N. and Kent-Dobias, Jaron and Clement,
             Colin B. and Xu, Qingyang and Sethna, James P.},
  journal = {Physical Review Research},
  volume  = {2},
  pages   = {033221},
  year    = {2020}
}""",
)

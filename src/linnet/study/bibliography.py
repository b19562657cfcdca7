"""The methods that every run stands on, as BibTeX; papers are kept by the phenomena."""

METHODS = (
    """@article{sommeijer1998rkc,
  title   = {{RKC}: An explicit solver for parabolic {PDEs}},
  author  = {Sommeijer, B. P. and Shampine, L. F. and Verwer, J. G.},
  journal = {Journal of Computational and Applied Mathematics},
  volume  = {88},
  pages   = {315--326},
  year    = {1998}
}""",
    """@phdthesis{kidger2021on,
  title  = {On Neural Differential Equations},
  author = {Kidger, Patrick},
  school = {University of Oxford},
  year   = {2021},
  note   = {The diffrax library}
}""",
    """@software{jax2018github,
  title  = {{JAX}: composable transformations of {Python+NumPy} programs},
  author = {Bradbury, James and Frostig, Roy and Hawkins, Peter and Johnson, Matthew
            James and Leary, Chris and Maclaurin, Dougal and Necula, George and Paszke,
            Adam and VanderPlas, Jake and Wanderman-Milne, Skye and Zhang, Qiao},
  year   = {2018}
}""",
)

"""Claims of anisotropy: the only place where theory and simulation meet."""

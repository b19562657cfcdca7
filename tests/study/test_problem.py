import numpy as np

from linnet.study import Problem
from linnet.task import Moments


def test_problems_are_keys_of_a_cache_by_identity():
    moments = Moments(np.eye(2), np.ones((1, 2)), np.eye(1))
    first, second = (Problem("same", moments, None, 3, 0.1, 0.01) for _ in "ab")
    cache = {first: "run of the first"}
    assert cache[first] == "run of the first"
    assert second not in cache

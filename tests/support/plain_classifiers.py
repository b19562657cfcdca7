"""Softmax regressions on random inputs, trained in a few lines of NumPy."""

import numpy as np


def trained_predictions(runs=4, checkpoints=9, samples=30, classes=3, seed=0):
    """Probabilities (runs * checkpoints, samples, classes), with runs and steps."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(samples, 5))
    targets = np.eye(classes)[rng.integers(classes, size=samples)]
    kept, names, steps = [], [], []
    for run in range(runs):
        weights = rng.normal(size=(5, classes)) * [0.01, 0.5][run % 2]
        for step in range(checkpoints):
            logits = inputs @ weights
            odds = np.exp(logits - logits.max(1, keepdims=True))
            kept.append(odds / odds.sum(1, keepdims=True))
            names.append(f"net {run}")
            steps.append(step)
            weights = weights - inputs.T @ (kept[-1] - targets) / samples
    return np.array(kept), np.array(names), np.array(steps)

"""Measurements of weight fluctuations: arrays and callables of any network."""

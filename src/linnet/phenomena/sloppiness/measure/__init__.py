r"""Measurements of clouds of models: predictions of any network, as arrays.

No theory is assumed.
"""

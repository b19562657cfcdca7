"""Measurements on any network's training: arrays in, numbers with error bars out."""

"""Interpolation without scatters."""

"""Candidates on the same units, side by side: pictures and numbers."""

from fviz.compare.candidates import regularizers
from fviz.compare.render_candidates import curve_steps
from fviz.compare.runner import Report, run, sweep_of

__all__ = ['Report', 'curve_steps', 'regularizers', 'run', 'sweep_of']

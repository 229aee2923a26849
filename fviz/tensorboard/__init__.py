"""The view: what TensorBoard shows of a run."""

from fviz.tensorboard.writer import Writer

__all__ = ['Writer']

"""The notebook's DeepDream in PyTorch, as people port it."""

import numpy as np
import torch

from fviz import deepdream
from fviz.deepdream import octaves
from scripts.benchmarks import torch_networks


def dream(image, settings):
  """A function that dreams of an image once: deepdream() of the notebook."""
  net = torch_networks.trunk('inception_v3').requires_grad_(False)

  def run():
    levels = octaves.bases(image, settings.octaves, settings.scale)
    detail = np.zeros_like(levels[0])
    for base in levels:
      x = base + octaves.zoom(detail, base.shape[:2])
      x = torch.from_numpy(x.transpose(2, 0, 1)[None].copy())
      for _ in range(settings.iterations):
        x = _step(net, x, settings.jitter)
      detail = x[0].numpy().transpose(1, 2, 0) - base
    return base + detail

  return run


def _step(net, x, jitter):
  """make_step() of the notebook, images in [0, 1]."""
  moves = np.random.randint(-jitter, jitter + 1, 2).tolist()
  x = torch.roll(x, moves, (2, 3)).requires_grad_(True)
  loss = (net(x * 1.9921875 - 1.0) ** 2).sum() / 2
  (g,) = torch.autograd.grad(loss, x)
  x = (x + deepdream.STEP * g / g.abs().mean()).detach()
  return torch.roll(x, [-m for m in moves], (2, 3)).clamp(0, 1)

"""The notebook's DeepDream in PyTorch, as people port it."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from fviz import deepdream, octaves
from fviz.models import inception_v3


def dream(image, settings):
  """A function that dreams of an image once: deepdream() of the notebook."""
  net = network()

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


def network() -> nn.Module:
  """Inception v3 to mixed_4, batch norm folded, weights random and frozen."""
  c = inception_v3.conv
  halving = [(c(384, 3, 3, 2),), (c(64, 1, 1), c(96, 3, 3), c(96, 3, 3, 2))]
  late = [
    (c(192, 1, 1),),
    (c(128, 1, 1), c(128, 1, 7), c(192, 7, 1)),
    (c(128, 1, 1), c(128, 7, 1), c(128, 1, 7), c(128, 7, 1), c(192, 1, 7)),
  ]
  net = nn.Sequential(
    _conv(3, 32, (3, 3), 2, 0),
    _conv(32, 32, (3, 3), 1, 0),
    _conv(32, 64, (3, 3), 1, 1),
    nn.MaxPool2d(3, 2),
    _conv(64, 80, (1, 1), 1, 0),
    _conv(80, 192, (3, 3), 1, 0),
    nn.MaxPool2d(3, 2),
    _early(192, 32),
    _early(256, 64),
    _early(288, 64),
    _Block(288, halving),
    _Block(768, late, (c(192, 1, 1),)),
  )
  return net.requires_grad_(False)


class _Block(nn.Module):
  """Towers side by side, with a pooled one or a maximum beside them."""

  def __init__(self, inputs, towers, pooled=None):
    super().__init__()
    self.towers = nn.ModuleList([_chain(inputs, t) for t in towers])
    self.pooled = _chain(inputs, pooled) if pooled else None

  def forward(self, x):
    out = [tower(x) for tower in self.towers]
    if self.pooled is None:
      out.append(F.max_pool2d(x, 3, 2))
    else:
      pool = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
      out.append(self.pooled(pool))
    return torch.cat(out, 1)


def _early(inputs, pooled):
  c = inception_v3.conv
  towers = [
    (c(64, 1, 1),),
    (c(48, 1, 1), c(64, 5, 5)),
    (c(64, 1, 1), c(96, 3, 3), c(96, 3, 3)),
  ]
  return _Block(inputs, towers, (c(pooled, 1, 1),))


def _chain(inputs, rows):
  """Convolutions as in `fviz.models.inception_v3.conv`."""
  parts = []
  for outputs, (h, w), stride in rows:
    pads = (h // 2, w // 2) if stride == 1 else 0
    parts.append(_conv(inputs, outputs, (h, w), stride, pads))
    inputs = outputs
  return nn.Sequential(*parts)


def _conv(inputs, outputs, kernel, stride, padding):
  convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding)
  return nn.Sequential(convolution, nn.ReLU(inplace=True))


def _step(net, x, jitter):
  """make_step() of the notebook, images in [0, 1]."""
  moves = np.random.randint(-jitter, jitter + 1, 2).tolist()
  x = torch.roll(x, moves, (2, 3)).requires_grad_(True)
  loss = (net(x * 1.9921875 - 1.0) ** 2).sum() / 2
  (g,) = torch.autograd.grad(loss, x)
  x = (x + deepdream.STEP * g / g.abs().mean()).detach()
  return torch.roll(x, [-m for m in moves], (2, 3)).clamp(0, 1)

"""Networks in PyTorch up to the layer that the benchmark looks into.

Random weights; batch norm is folded, as anybody would who tunes.
"""

import torch
from torch import nn
from torch.nn import functional as F


def trunk(name: str) -> nn.Module:
  """[n, 3, h, w] -> the layer of `works.LAYERS`."""
  return {
    'inception_v3': _inception_v3,
    'resnet50': _resnet50,
    'vgg16': _vgg16,
  }[name]()


def _plain(inputs, outputs, kernel, stride=1, padding=0):
  convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding)
  return nn.Sequential(convolution, nn.ReLU(inplace=True))


def _chain(inputs, rows):
  """Convolutions (outputs, (height, width), stride) one after another."""
  modules = []
  for outputs, (h, w), stride in rows:
    padding = (h // 2, w // 2) if stride == 1 else 0
    modules.append(_plain(inputs, outputs, (h, w), stride, padding))
    inputs = outputs
  return nn.Sequential(*modules)


class _Inception(nn.Module):
  def __init__(self, inputs, branches, pooled=None):
    super().__init__()
    self.branches = nn.ModuleList([_chain(inputs, b) for b in branches])
    self.pooled = _chain(inputs, pooled) if pooled else None

  def forward(self, x):
    out = [branch(x) for branch in self.branches]
    if self.pooled:
      pool = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
      out.append(self.pooled(pool))
    else:
      out.append(F.max_pool2d(x, 3, 2))
    return torch.cat(out, 1)


def _inception_v3():
  """To mixed_4."""
  c = lambda outputs, h, w, stride=1: (outputs, (h, w), stride)

  def early(inputs, pooled):
    branches = [
      (c(64, 1, 1),),
      (c(48, 1, 1), c(64, 5, 5)),
      (c(64, 1, 1), c(96, 3, 3), c(96, 3, 3)),
    ]
    return _Inception(inputs, branches, (c(pooled, 1, 1),))

  halving = [(c(384, 3, 3, 2),), (c(64, 1, 1), c(96, 3, 3), c(96, 3, 3, 2))]
  late = [
    (c(192, 1, 1),),
    (c(128, 1, 1), c(128, 1, 7), c(192, 7, 1)),
    (c(128, 1, 1), c(128, 7, 1), c(128, 1, 7), c(128, 7, 1), c(192, 1, 7)),
  ]
  return nn.Sequential(
    _plain(3, 32, 3, 2),
    _plain(32, 32, 3),
    _plain(32, 64, 3, 1, 1),
    nn.MaxPool2d(3, 2),
    _plain(64, 80, 1),
    _plain(80, 192, 3),
    nn.MaxPool2d(3, 2),
    early(192, 32),
    early(256, 64),
    early(288, 64),
    _Inception(288, halving),
    _Inception(768, late, (c(192, 1, 1),)),
  )


class _Bottleneck(nn.Module):
  def __init__(self, inputs, width, stride):
    super().__init__()
    self.residual = nn.Sequential(
      _plain(inputs, width, 1),
      _plain(width, width, 3, stride, 1),
      nn.Conv2d(width, 4 * width, 1),
    )
    self.shortcut = (
      nn.Identity()
      if stride == 1 and inputs == 4 * width
      else nn.Conv2d(inputs, 4 * width, 1, stride)
    )

  def forward(self, x):
    return F.relu(self.residual(x) + self.shortcut(x), inplace=True)


def _resnet50():
  """To layer3."""
  modules, inputs = [_plain(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, 1)], 64
  for stage, depth in enumerate((3, 4, 6)):
    width = 64 * 2**stage
    for block in range(depth):
      stride = 2 if stage and not block else 1
      modules.append(_Bottleneck(inputs, width, stride))
      inputs = 4 * width
  return nn.Sequential(*modules)


def _vgg16():
  """To features/22: conv4_3 after its ReLU."""
  modules, inputs = [], 3
  for stage, depth in enumerate((2, 2, 3, 3)):
    width = 64 * 2**stage
    for _ in range(depth):
      modules.append(_plain(inputs, width, 3, 1, 1))
      inputs = width
    modules.append(nn.MaxPool2d(2, 2))
  return nn.Sequential(*modules[:-1])

"""The benchmark's works by hand in PyTorch, tuned.

Frozen weights without batch norm, the network cut behind its layer, channels
last; on GPUs cuDNN's search, TF32 or bfloat16 as fviz has it.
"""

import numpy as np
import torch
from torch.nn import functional as F

from scripts.benchmarks import torch_networks, worker, works


class Loop:
  """Adam on pixels; jitter and scale; a channel for every image."""

  def __init__(self, work: works.Work, weights: str):
    del weights  # Speed does not depend on them.
    if work.kind not in ('channels', 'sweep'):
      raise works.Unavailable(f'PyTorch by hand does no {work.kind}')
    self._work = work
    self.compile_seconds = 0.0
    self._cuda = torch.cuda.is_available()
    self.device = torch.cuda.get_device_name() if self._cuda else 'cpu'
    self._to = dict(device='cuda' if self._cuda else 'cpu', dtype=torch.float32)
    self.versions = {'torch': torch.__version__}
    tf32 = work.precision == 'tf32'
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    self._dtype = (
      torch.bfloat16 if work.precision == 'bfloat16' else torch.float32
    )
    self._network = torch_networks.trunk(work.network).to(
      device=self._to['device'],
      dtype=self._dtype,
      memory_format=torch.channels_last,
    )
    for parameter in self._network.parameters():
      parameter.requires_grad_(False)
    self._start()

  def run(self, steps: int) -> int:
    if self._work.kind == 'sweep':
      return self._sweep()
    for _ in range(steps):
      self._one_step()
    if self._cuda:
      torch.cuda.synchronize()
    return steps

  def _start(self):
    size, batch = self._work.size, self._work.batch
    self._z = torch.randn(batch, 3, size, size, **self._to) * 0.01
    self._z.requires_grad_(True)
    self._optimizer = torch.optim.Adam([self._z], lr=0.05)
    self._pick = torch.arange(batch, device=self._to['device'])

  def _sweep(self) -> int:
    for _ in range(2):
      self._start()
      for _ in range(works.SWEEP_STEPS):
        self._one_step()
      torch.sigmoid(self._z).detach().cpu().numpy()
    return 2 * works.SWEEP_STEPS

  def _one_step(self):
    images = self._seen(torch.sigmoid(self._z))
    images = images.to(dtype=self._dtype, memory_format=torch.channels_last)
    out = self._network(images * 1.9921875 - 1.0)
    loss = -out[self._pick, self._pick].mean((1, 2)).float().sum()
    self._optimizer.zero_grad()
    loss.backward()
    self._optimizer.step()

  def _seen(self, images):
    """One draw for all: cheaper than fviz's draw for each."""
    size = self._work.size - 8
    y, x = np.random.randint(0, 9, 2)
    images = images[:, :, y : y + size, x : x + size]
    zoom = float(np.random.uniform(0.9, 1.1))
    theta = torch.tensor(
      [[[1 / zoom, 0.0, 0.0], [0.0, 1 / zoom, 0.0]]], **self._to
    )
    grid = F.affine_grid(
      theta.expand(len(images), 2, 3), images.shape, align_corners=False
    )
    return F.grid_sample(images, grid, align_corners=False)

  def peak_bytes(self) -> int:
    if self._cuda:
      return torch.cuda.max_memory_allocated()
    return worker.resident_bytes()

"""MaCo in Horama, as it is shipped; one unit a call."""

import os
import tempfile

import horama
import numpy as np
import torch

from fviz import natural_images
from scripts.benchmarks import torch_networks, worker, works


class Loop:
  """Its maco() on the same cut network, crops of 224 px."""

  def __init__(self, work: works.Work, weights: str):
    del weights
    if work.kind != 'maco' or work.precision == 'bfloat16':
      raise works.Unavailable(f'Horama does no {work.kind}, {work.precision}')
    cuda = torch.cuda.is_available()
    self.device = torch.cuda.get_device_name() if cuda else 'cpu'
    self._cuda, self._work = cuda, work
    self._network = torch_networks.trunk(work.network).to(
      'cuda' if cuda else 'cpu'
    )
    for parameter in self._network.parameters():
      parameter.requires_grad_(False)
    self.compile_seconds = 0.0
    self.versions = {'torch': torch.__version__}
    # It reads its spectrum from the folder it runs in, or downloads it.
    self._folder = tempfile.TemporaryDirectory()
    os.chdir(self._folder.name)
    size = (work.size, work.size)
    spectrum = np.asarray(natural_images.spectrum(size, 3), np.float32)
    np.save('spectrum_decorrelated.npy', spectrum)

  def run(self, steps: int) -> int:
    for channel in range(self._work.batch):
      horama.maco(
        lambda images, c=channel: self._network(images)[:, c].mean(),
        total_steps=steps,
        image_size=self._work.size,
        model_input_size=224,
        crops_per_iteration=works.MACO_CROPS,
        device='cuda' if self._cuda else 'cpu',
      )
    return steps

  def peak_bytes(self) -> int:
    if self._cuda:
      return torch.cuda.max_memory_allocated()
    return worker.resident_bytes()

"""The benchmark's recipe of lucid in torch-lucent, as it is shipped.

It renders one channel a call, through the whole of torchvision's networks.
"""

import torch
import torchvision
from lucent.optvis import param, render

from scripts.benchmarks import worker, works

_MODELS = {
  'inception_v3': lambda: torchvision.models.inception_v3(
    weights=None, init_weights=False
  ),
  'resnet50': lambda: torchvision.models.resnet50(weights=None),
  'vgg16': lambda: torchvision.models.vgg16(weights=None),
}
_MOST = 8  # Channels in a call: each takes as long as the last.


class Loop:
  """A loop over the channels, as its users write it."""

  def __init__(self, work: works.Work, weights: str):
    del weights
    if work.kind != 'lucid' or work.precision == 'bfloat16':
      raise works.Unavailable(f'lucent does no {work.kind}, {work.precision}')
    if work.batch > _MOST:
      raise works.Unavailable(
        f'lucent loops over channels: batch {work.batch} takes '
        f'{work.batch / _MOST:.0f} times as long as {_MOST}'
      )
    cuda = torch.cuda.is_available()
    self.device = torch.cuda.get_device_name() if cuda else 'cpu'
    self._model = _MODELS[work.network]().to('cuda' if cuda else 'cpu').eval()
    self._work, self._cuda = work, cuda
    self.compile_seconds = 0.0
    self.versions = {
      'torch': torch.__version__,
      'torchvision': torchvision.__version__,
    }

  def run(self, steps: int) -> int:
    _, layer = works.LAYERS[self._work.network]
    for channel in range(self._work.batch):
      render.render_vis(
        self._model,
        f'{layer}:{channel}',
        lambda: param.image(self._work.size),
        thresholds=(steps,),
        progress=False,
        show_image=False,
      )
    return steps

  def peak_bytes(self) -> int:
    if self._cuda:
      return torch.cuda.max_memory_allocated()
    return worker.resident_bytes()

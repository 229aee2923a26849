"""Independent implementations of the zoo: torchvision, timm, and for the
CIFAR networks a dozen lines of torch.

Importing this needs nothing; running it needs torch, torchvision and timm.
"""

import dataclasses
import re

import formula

# Our name: (library, its name, image size, mean, std).
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_HALF = (0.5,) * 3, (0.5,) * 3
MODELS = {
  'inception_v3': ('torchvision', 'inception_v3', 107, *_HALF),
  'googlenet': ('torchvision', 'googlenet', 70, *_HALF),
  'vgg16': ('timm', 'vgg16', 64, *_IMAGENET),
  'vgg19': ('torchvision', 'vgg19', 48, *_IMAGENET),
  'alexnet': ('torchvision', 'alexnet', 96, *_IMAGENET),
  'resnet18': ('torchvision', 'resnet18', 48, *_IMAGENET),
  'resnet50': ('timm', 'resnet50', 48, *_IMAGENET),
  'squeezenet1_0': ('torchvision', 'squeezenet1_0', 70, *_IMAGENET),
  'squeezenet1_1': ('torchvision', 'squeezenet1_1', 70, *_IMAGENET),
  'mobilenet_v1': ('timm', 'mobilenetv1_100', 48, *_HALF),
  'mobilenet_v2': ('timm', 'mobilenetv2_100', 48, *_IMAGENET),
  'convnext_tiny': ('timm', 'convnext_tiny', 64, *_IMAGENET),
  'resnet20': ('cifar', 3, 32, *_IMAGENET),
  'resnet56': ('cifar', 9, 16, *_IMAGENET),
}
# Modules of the references that are not layers of ours.
_SKIPPED = re.compile(
  r'(dropout|drop\d?|head_drop|global_pool|avgpool|drop_block|drop_path|aa|se|'
  r'flatten|pre_logits|shortcut|bn\d?/drop|bn\d?/act|head/norm|head|features|'
  r'classifier|stages/\d/downsample)$|squeezenet'
)


@dataclasses.dataclass
class Reference:
  """What a reference computes.

  Attributes:
    activations: our layer name -> [1, ..., channels].
    tensors: name in its state dict -> shape.
    parameters: how many.
  """

  activations: dict
  tensors: dict
  parameters: int


def run(name):
  """A reference filled by formula, run on one image."""
  import torch

  library, key, size, mean, std = MODELS[name]
  model = _build(library, key).eval()
  state = {
    k: torch.from_numpy(formula.tensor(k, tuple(v.shape)))
    for k, v in model.state_dict().items()
    if not k.endswith('num_batches_tracked')
  }
  model.load_state_dict(state, strict=False)
  activations = {}
  for path, module in model.named_modules():
    path = _renamed(path) if name.startswith('vgg') else path
    if layer := _layer(path, module):
      module.register_forward_hook(_store(activations, layer))
  images = (formula.images(size) - mean) / std
  images = torch.from_numpy(images).float().permute(0, 3, 1, 2)
  with torch.no_grad():
    output = model(images)
  activations['output'] = output.numpy()
  parameters = sum(p.numel() for p in model.parameters())
  tensors = {k: tuple(v.shape) for k, v in state.items()}
  return Reference(activations, tensors, parameters)


def _build(library, key):
  if library == 'cifar':
    return _cifar(key)
  if library == 'timm':
    import timm

    return timm.create_model(key)
  import torchvision

  if key in ('googlenet', 'inception_v3'):
    options = {'aux_logits': False, 'init_weights': False}
    return torchvision.models.get_model(key, **options)
  return torchvision.models.get_model(key)


def _layer(path, module):
  """Our name of a module of a reference, '' if it is none of our layers."""
  kind = type(module).__name__
  path = path.replace('.', '/')
  if kind in ('Identity', 'Dropout', 'Sequential') and 'branch' not in path:
    return ''
  if 'AdaptiveAvgPool' in kind or 'global_pool' in path:
    return ''
  if kind == 'BatchNormAct2d':  # Normalizes and rectifies.
    nonlinear = type(module.act).__name__ != 'Identity'
    path = re.sub(r'bn(\d)$', r'act\1', path) if nonlinear else path
  if kind == 'ReLU' and re.search(r'(^|/)relu$', path):
    return ''  # One module called several times.
  return '' if _SKIPPED.search(path) else path


def _renamed(path):
  """Torchvision's name of a module of timm's VGG."""
  return {
    'pre_logits.fc1': 'classifier.0',
    'pre_logits.act1': 'classifier.1',
    'pre_logits.fc2': 'classifier.3',
    'pre_logits.act2': 'classifier.4',
    'head.fc': 'classifier.6',
  }.get(path, path)


def _store(activations, layer):
  def hook(module, inputs, output):
    del inputs
    output = output.detach().clone()  # Before a ReLU works in place.
    if output.ndim == 4 and not _channels_last(layer):
      output = output.permute(0, 2, 3, 1)
    if layer.startswith('classifier') and output.shape[1:3] == (1, 1):
      output = output.flatten(1)  # timm's VGG has convolutions there.
    activations[layer] = output.contiguous().numpy()

  return hook


def _channels_last(layer):
  """Inside its blocks, timm's ConvNeXt is NHWC."""
  return bool(re.search(r'blocks/\d+/(norm|mlp)', layer)) and 'stages' in layer


def _cifar(depth):
  """ResNet for CIFAR-10 with option A, written anew in torch."""
  import torch
  from torch import nn
  from torch.nn import functional as F

  class Block(nn.Module):
    def __init__(self, inputs, width):
      super().__init__()
      self.stride = width // inputs
      self.conv1 = nn.Conv2d(inputs, width, 3, self.stride, 1, bias=False)
      self.bn1 = nn.BatchNorm2d(width)
      self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
      self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x):
      y = F.relu(self.bn1(self.conv1(x)))
      y = self.bn2(self.conv2(y))
      if self.stride == 2:
        zeros = torch.zeros_like(y)[:, : y.shape[1] // 4]
        x = torch.cat([zeros, x[:, :, ::2, ::2], zeros], 1)
      return F.relu(x + y)

  class Net(nn.Module):
    def __init__(self):
      super().__init__()
      self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
      self.bn1 = nn.BatchNorm2d(16)
      widths = [(16, 16), (16, 32), (32, 64)]
      for i, (inputs, width) in enumerate(widths, 1):
        blocks = [
          Block(inputs if j == 0 else width, width) for j in range(depth)
        ]
        setattr(self, f'layer{i}', nn.Sequential(*blocks))
      self.linear = nn.Linear(64, 10)

    def forward(self, x):
      x = F.relu(self.bn1(self.conv1(x)))
      x = self.layer3(self.layer2(self.layer1(x)))
      return self.linear(x.mean((2, 3)))

  return Net()

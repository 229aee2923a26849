"""Where published weights come from, and what their networks expect.

One row is one file. Its hash is the whole sha256, or the leading digits that
the publisher put into the file name, or '' where none is published: then the
hash that the hub states with the file is checked instead, and the file's own is
kept beside it. A file without a URL is not published in that format, so users
must give it.
"""

from __future__ import annotations

from typing import NamedTuple

from fviz import errors


class Origin(NamedTuple):
  """A file of weights.

  Attributes:
    model: which network of the zoo it is for.
    url: https address, '' if the file can only be given.
    sha256: digits that the file's hash starts with.
    licence: as its publisher states it.
    mean: of the preprocessing (x - mean) / std of x in [0, 1].
    std: see mean.
    bgr: the network takes blue, green, red; mean and std are in that order.
    size: height and width at which the network is evaluated.
    labels: 'imagenet', 'cifar10', 'graph' (a list beside the graph) or ''.
  """

  model: str
  url: str
  sha256: str
  licence: str
  mean: tuple[float, ...] = (0.485, 0.456, 0.406)
  std: tuple[float, ...] = (0.229, 0.224, 0.225)
  bgr: bool = False
  size: int = 224
  labels: str = 'imagenet'


_HALF = (0.5,) * 3
_BSD, _APACHE, _MIT = 'BSD-3-Clause', 'Apache-2.0', 'MIT'


def _hub(repository: str, revision: str = 'main') -> str:
  return (
    f'https://huggingface.co/{repository}/resolve/{revision}/model.safetensors'
  )


def _torchvision(file: str) -> str:
  return f'https://download.pytorch.org/models/{file}.pth'


def _robust(name: str) -> str:
  hub = 'https://huggingface.co/madrylab/robust-imagenet-models/resolve/main'
  return f'{hub}/{name}.ckpt'


def _cifar(file: str) -> str:
  hub = 'https://github.com/akamaster/pytorch_resnet_cifar10/raw'
  commit = 'd5489e8995e81e91ce6b1d69dcc98ad579b0b153'
  return f'{hub}/{commit}/pretrained_models/{file}.th'


# The first row of a model is its default.
SOURCES = {
  'inception5h': Origin(
    'inception_v1',
    'https://storage.googleapis.com/download.tensorflow.org/models/'
    'inception5h.zip',
    'd13569f6a98159de37e92e9c8ec4dae8f674fbf475f69fe6199b514f756d4364',
    _APACHE,
    mean=(117 / 255,) * 3,
    std=(1 / 255,) * 3,
    labels='graph',
  ),
  'inception_v3.tv_in1k': Origin(
    'inception_v3',
    _hub('timm/inception_v3.tv_in1k'),
    '9c452c63a67fd03a38a78c401ba12d4be0e926df63c93403de3a29f6df20fefb',
    _APACHE,
    mean=_HALF,
    std=_HALF,
    size=299,
  ),
  'inception_v3_google': Origin(
    'inception_v3',
    _torchvision('inception_v3_google-0cc3c7bd'),
    '0cc3c7bd',
    _BSD,
    mean=_HALF,
    std=_HALF,
    size=299,
  ),
  'inception_v3_2015': Origin(
    'inception_v3',
    '',
    'b0e196092abdf2580fc10c41f448caeddaee89690b31e5592b48e402246484cc',
    'believed Apache-2.0',
    mean=(128 / 255,) * 3,
    std=(128 / 255,) * 3,
    size=299,
    labels='',
  ),
  'googlenet_tv': Origin(
    'googlenet',
    _torchvision('googlenet-1378be20'),
    '1378be20',
    _BSD,
    mean=_HALF,
    std=_HALF,
  ),
  'vgg16.tv_in1k': Origin(
    'vgg16',
    _hub('timm/vgg16.tv_in1k', 'b8d8aa2dd860af9233c8c67385a8097fd6c35d3f'),
    '57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8',
    _BSD,
  ),
  'vgg16_tv': Origin('vgg16', _torchvision('vgg16-397923af'), '397923af', _BSD),
  'vgg19.tv_in1k': Origin('vgg19', _hub('timm/vgg19.tv_in1k'), '', _BSD),
  'vgg19_tv': Origin('vgg19', _torchvision('vgg19-dcbb9e9d'), 'dcbb9e9d', _BSD),
  'alexnet_tv': Origin(
    'alexnet', _torchvision('alexnet-owt-7be5be79'), '7be5be79', _BSD
  ),
  'resnet18.tv_in1k': Origin(
    'resnet18',
    _hub('timm/resnet18.tv_in1k', 'bbd144b3e5565108aad885f145491d11bc6ce807'),
    '694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81',
    _BSD,
  ),
  'resnet18_tv': Origin(
    'resnet18', _torchvision('resnet18-f37072fd'), 'f37072fd', _BSD
  ),
  'resnet18_l2_eps3': Origin('resnet18', _robust('resnet18_l2_eps3'), '', _MIT),
  'resnet50.tv_in1k': Origin(
    'resnet50',
    _hub('timm/resnet50.tv_in1k', '78f3ecfdb38e06d9b8397f662e7ab8fee96026fa'),
    '5d061a3c593d795bfe682d9b152bafbcf550579873492def3515b46db1189888',
    _BSD,
  ),
  'resnet50_tv': Origin(
    'resnet50', _torchvision('resnet50-0676ba61'), '0676ba61', _BSD
  ),
  'resnet50_tv2': Origin(
    'resnet50', _torchvision('resnet50-11ad3fa6'), '11ad3fa6', _BSD
  ),
  'resnet50_l2_eps3': Origin('resnet50', _robust('resnet50_l2_eps3'), '', _MIT),
  'resnet50_linf_eps4': Origin(
    'resnet50',
    _robust('resnet50_linf_eps4.0'),
    '9e62216975c111b8081481533b6142dec34be69abe5d90b54d7f860015c263db',
    _MIT,
  ),
  'squeezenet1_0_tv': Origin(
    'squeezenet1_0', _torchvision('squeezenet1_0-b66bff10'), 'b66bff10', _BSD
  ),
  'squeezenet1_0_caffe': Origin(
    'squeezenet1_0',
    '',
    'd5ed22d8b055b17c4c868998207da4afe7f139aa4885a33110b121d400e9371d',
    'BSD-2-Clause',
    mean=(104 / 255, 117 / 255, 123 / 255),
    std=(1 / 255,) * 3,
    bgr=True,
    size=227,
  ),
  'squeezenet1_1_tv': Origin(
    'squeezenet1_1', _torchvision('squeezenet1_1-b8a52dc0'), 'b8a52dc0', _BSD
  ),
  'mobilenetv1_100.ra4_e3600_r224_in1k': Origin(
    'mobilenet_v1',
    _hub(
      'timm/mobilenetv1_100.ra4_e3600_r224_in1k',
      '6e88b523abded44469eafcd52f7832d5e0300b1b',
    ),
    '',
    _APACHE,
    mean=_HALF,
    std=_HALF,
  ),
  'mobilenet_v1_tf': Origin(
    'mobilenet_v1', '', '', _APACHE, mean=_HALF, std=_HALF
  ),
  'mobilenetv2_100.ra_in1k': Origin(
    'mobilenet_v2', _hub('timm/mobilenetv2_100.ra_in1k'), '', _APACHE
  ),
  'mobilenet_v2_tv': Origin(
    'mobilenet_v2', _torchvision('mobilenet_v2-b0353104'), 'b0353104', _BSD
  ),
  'convnext_tiny.fb_in1k': Origin(
    'convnext_tiny',
    _hub('timm/convnext_tiny.fb_in1k'),
    '08b9dc9c3a3a29421de7996761e176501896d1ae7fc3085cf56a643772329276',
    _APACHE,
  ),
  'resnet20_cifar10': Origin(
    'resnet20',
    _cifar('resnet20-12fca82f'),
    '12fca82f',
    'BSD-2-Clause',
    size=32,
    labels='cifar10',
  ),
  'resnet56_cifar10': Origin(
    'resnet56',
    _cifar('resnet56-4bfd9763'),
    '4bfd9763',
    'BSD-2-Clause',
    size=32,
    labels='cifar10',
  ),
}


def of(model: str) -> dict[str, Origin]:
  """All sources of a model, its default first."""
  return {k: v for k, v in SOURCES.items() if v.model == model}


def find(model: str, name: str = '') -> tuple[str, Origin]:
  """A source of a model by name; '' is the default.

  Raises:
    FvizError: if the model has no such source.
  """
  known = of(model)
  name = name or next(iter(known))
  if name not in known:
    raise errors.unknown(f'published weights of {model}', name, known)
  return name, known[name]


def rows(model: str) -> list[tuple[str, str, str, str]]:
  """(model, weights, licence, format) of each source of a model."""
  return [(model, k, v.licence, _format(v)) for k, v in of(model).items()]


def published(model: str) -> str:
  """The sources of a model as text: address and preprocessing."""
  lines = ['weights:']
  for key, source in of(model).items():
    mean, std = (
      ', '.join(f'{v * 255:g}' for v in values)
      for values in (source.mean, source.std)
    )
    order = 'BGR' if source.bgr else 'RGB'
    lines += [
      f'  {key} ({source.licence})',
      f'    {source.url or "not published in this format: give a file"}',
      f'    {order} of 0..255, minus ({mean}), over ({std})',
    ]
  return '\n'.join(lines)


def _format(source: Origin) -> str:
  if not source.url:
    return 'safetensors, file only'
  suffix = source.url.rpartition('.')[2]
  return {'safetensors': suffix, 'zip': 'GraphDef'}.get(suffix, 'torch')

"""Configurations: defaults that read like a table.

A file in configs/ starts from a function here and states what differs.
"""

from typing import Any

from ml_collections import ConfigDict


def sweep() -> ConfigDict:
  """Defaults of a sweep over the channels of one or several layers."""
  config = ConfigDict()
  config.model = 'pareidolia'  # A network of the zoo, see `fviz models`.
  config.weights = ''  # A file; '' = the embedded or published ones.
  config.layer = 'mixed3'  # Several: 'mixed3,mixed4', '*', '*,!*/conv'.
  config.channels = ()  # () = all of each layer.
  config.variants = 1  # Pictures of each channel, from different seeds.
  config.parameterization = 'fourier(decay=1.0)'
  config.color = 'decorrelated'  # Or 'sigmoid', 'clip'.
  config.transforms = (
    'pad(12)|jitter(8)|scale(0.9, 1.1)|rotate(-10, 10)|jitter(4)'
  )
  # Weights by name; 0 = off.
  names = 'total_variation l1 l2 alpha_norm blur boundary spectrum'
  config.regularizers = ConfigDict(dict.fromkeys(names.split(), 0.0))
  config.optimizer = 'adam(0.05)'  # Or 'blur(1)|sgd(0.1)' and the like.
  config.size = 128  # Pixels of each side.
  config.precision = 'tf32'  # The network's; or 'float32', 'bfloat16'.
  config.remat = False  # True: less memory at large sizes, more time.
  config.steps = 256
  config.tolerance = 0.0  # 0.01 ends a unit that rises by less in 32 steps.
  config.redirect_steps = 16  # For so long dead ReLUs pass gradients.
  config.snapshots = 4  # Contact sheets on the way, with the last one.
  config.page = 32  # Pictures on a contact sheet; more are hard to read.
  config.seed = 0  # Of all randomness.
  config.batch_size = 0  # Units at once, at most; 0 = as the memory allows.
  return config


def compare() -> ConfigDict:
  """Defaults of a comparison of candidates on some units of one layer."""
  config = sweep()
  config.channels = tuple(range(8))
  config.parameterization = 'pixels()'
  config.color = 'sigmoid'
  config.transforms = ''
  config.comparison = ConfigDict()
  config.comparison.rank_by = 'heldout_mean'  # Of compare.metrics.METRICS.
  config.comparison.transfer = ''  # Another model with the same labels.
  config.comparison.transfer_weights = ''
  config.comparison.natural_images = ''  # A folder of photos, hundreds at best.
  return config


def render() -> ConfigDict:
  """Defaults of one recipe on one objective; see `fviz.runs.render`."""
  config = ConfigDict()
  config.model = 'pareidolia'  # A name of the zoo.
  config.weights = ''  # '' = embedded or published; or a file.
  config.recipe = 'lucid()'  # Of fviz.recipes, with its arguments.
  config.objective = "channel('mixed3', 7)"  # Of fviz.objectives; + - * too.
  config.image = ''  # A photo to compare with; 'sample' is the package's own.
  config.near = ''  # Accentuation: the layer at which to stay near the photo.
  config.strength = 1.0  # How much; 1 = the published balance.
  config.size = 128  # Pixels a side.
  config.precision = 'tf32'  # Of the network: or float32, bfloat16.
  config.remat = False  # Less memory for large sizes, more time.
  config.steps = 0  # 0 = the recipe's own.
  config.variants = 1  # Pictures, of different seeds.
  config.stretch = False  # Show all contrast there is, about grey.
  config.seed = 0
  return config


def dream() -> ConfigDict:
  """Defaults of a dream: of a photo, a film from one, a clip, a panorama."""
  config = ConfigDict()
  config.input = ''  # A file; '' = the sample photo, 'noise' = grey noise.
  config.model = 'pareidolia'  # A name of the zoo.
  config.weights = ''  # '' = embedded or published; or a file.
  config.layer = ''  # 'mixed5,mixed4*0.5'; '' = what suits the model.
  config.channels = ()  # Of one layer; () = all of it.
  config.label = ''  # A class instead of layers.
  config.guide = ''  # A picture whose features are to appear.
  config.mask = ''  # A picture that is white where to dream.
  config.normalized = True  # Channels by their deviation, where it is known.
  config.size = 0  # Longer side in pixels; 0 = as it is, noise 512.
  config.octaves = 4
  config.octave_scale = 1.4
  config.iterations = 10  # An octave.
  config.strength = 2.0  # Of a step; 1 is the notebook's 1.5 / 255.
  config.jitter = 32  # Pixels.
  config.border = 'reflect'  # Or wrap (the notebook's), panorama.
  config.gradient = 'smooth()|normalize()|limit(4)'
  config.window = 0  # Pixels a side that the network sees; 0 = from memory.
  config.precision = 'tf32'  # Of the network: or float32, bfloat16.
  config.seed = 0
  config.film = ConfigDict()
  config.film.kind = ''  # zoom, iterations or layers; '' = one picture.
  config.film.frames = 100
  config.film.fps = 25.0
  config.film.zoom = 1.05  # A frame, as the notebook's s = 0.05.
  config.film.rotate = 0.0  # Degrees a frame, counterclockwise.
  config.film.shift = (0.0, 0.0)  # Pixels a frame, right and down.
  config.video = ConfigDict()  # For clips.
  config.video.flow = 'dis'  # Or farneback, none.
  config.video.blend_flow = 0.9  # Of the last dream where things move.
  config.video.blend_static = 0.9  # Of the last dream where they do not.
  config.video.settle = True  # Weaker steps, as the last dream is carried on.
  config.video.threshold = 0.5  # Pixels a frame that count as motion.
  config.video.cut = 0.35  # Change of the histogram that is a new scene.
  config.video.frames = 0  # At most so many; 0 = all.
  config.video.schedule = ''  # 'strength=0:1,50:3;iterations=0:5,50:15'.
  return config


def notebook() -> ConfigDict:
  """The algorithm of 2015 and no more: roll, mean |g|, squared norm."""
  config = dream()
  config.gradient = 'normalize()'
  config.border = 'wrap'
  config.strength = 1.0
  config.normalized = False
  return config


def hallucination_machine() -> ConfigDict:
  """Panoramic video as in Suzuki et al. 2017, from the authors' batch file.

  Their layer is inception_4d/pool of GoogLeNet; here the model and its layer
  are those of `dream` unless given.
  """
  config = dream()
  config.update(border='panorama', gradient='normalize()', jitter=32)
  config.update(octaves=3, octave_scale=1.8, iterations=16)
  config.strength = 1.0  # Their step of 1.5 in 0..255.
  video: Any = config.video
  video.update(flow='farneback', blend_flow=0.9, blend_static=0.05)
  video.settle = False
  # Theirs is 6 of 255 of each frame's largest motion; ours is in pixels.
  video.threshold = 0.5
  return config

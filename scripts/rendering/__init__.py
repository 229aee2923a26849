"""Procedural pictures of named classes: the training data of `pareidolia`.

    images = rendering.render(['cat', 'cat', 'gear'], seed=0, size=64)
    images, labels = rendering.dataset(per_class=100, seed=0, size=64)

Picture number k of a class depends on the class name, k, the seed, the size
and `shifted`, and on nothing else: neither on the pictures rendered with it
nor on the number of processes. `render` numbers the occurrences of a name in
its list from 0; `dataset` draws the numbers 0 to per_class - 1. Hence a larger
data set of the same seed contains the smaller one, and a held-out set needs
another seed. With several processes a script must call `dataset` under
`if __name__ == '__main__'`, since the workers are spawned.

To add a class, write `draw(g, x, y, px)` in the module of its kind and mark it
with `blocks.thing` (it returns a Canvas) or `blocks.texture` (it returns
colours [batch, 3, size, size]). g draws the random numbers, x and y are the
coordinates [batch, 1, size, size] in units of the object, px the size of a
pixel in the same units: every edge is anti-aliased analytically.
"""

from scripts.rendering.cloudscapes import cloudscape
from scripts.rendering.pictures import CLASSES, dataset, render

__all__ = ['CLASSES', 'cloudscape', 'dataset', 'render']

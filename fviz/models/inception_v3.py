"""Inception v3 (Szegedy et al. 2015, arXiv 1512.00567).

Two releases of Google's: that of 2016 with batch norm and a classifier is the
default; that of 2015 is the network of TensorFlow's DeepDream tutorial. They
have other names for their layers, and the names in a file tell them apart.
"""

from fviz.models import inception_v3_2015, inception_v3_2016
from fviz.models.weights.layouts import Layout

LAYOUTS = {
  'inception_v3': (
    Layout(
      inception_v3_2016.InceptionV3,
      'inception_v3.tv_in1k',
      ignored=('AuxLogits.*',),  # A head that only trains.
    ),
    Layout(
      inception_v3_2015.InceptionV3,
      'inception_v3_2015',
      marker='mixed_4_tower_conv_1/kernel',
      rename=inception_v3_2015.key_in_file,
      convert=None,
    ),
  )
}

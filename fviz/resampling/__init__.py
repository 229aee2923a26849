"""Interpolation and blurs of images, with fast gradients and no scatters."""

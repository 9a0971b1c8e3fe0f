"""Removes card data from a billing database when its retention period is over, and proves it."""

__version__ = "0.1.0"

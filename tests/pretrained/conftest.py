"""Fixtures of the tests of `pretrained`."""

from hub_standin import hub

__all__ = ["hub"]

"""Properties that are computed once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

__all__ = ["cached_property"]

Value = TypeVar("Value")

if sys.version_info >= (3, 12):
    from functools import cached_property
else:

    class cached_property(Generic[Value]):
        """As `functools.cached_property` of Python 3.12.

        Before, that one had a lock for all objects of a class. A child that was forked while another thread computed a
        property waited for ever for that lock.
        """

        def __init__(self, function: Callable[[Any], Value]) -> None:
            self.function = function
            self.__doc__ = function.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self.name = name

        @overload
        def __get__(self, instance: None, owner: type | None = None) -> cached_property[Value]: ...

        @overload
        def __get__(self, instance: object, owner: type | None = None) -> Value: ...

        def __get__(self, instance: object | None, owner: type | None = None) -> cached_property[Value] | Value:
            if instance is None:
                return self
            known = instance.__dict__
            if self.name not in known:
                known[self.name] = self.function(instance)
            value: Value = known[self.name]
            return value

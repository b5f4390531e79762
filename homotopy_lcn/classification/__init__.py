"""What kind of critical point is it?"""

from __future__ import annotations

"""Heavy computing behind one seam: `map_chunks` over an engine, with progress as a callback.

Numbers do not depend on the engine, the number of workers or the chunk size: work is a function of which items it is
given, and chance is addressed (`compute.chance`).
"""

from trialwright.compute.engines import ENGINES, map_chunks

__all__ = ["ENGINES", "map_chunks"]

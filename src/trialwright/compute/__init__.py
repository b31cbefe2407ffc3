"""Heavy computing behind one seam: `map_chunks` over an engine, with progress as a callback.

Numbers do not depend on the engine, the number of workers or the chunk size: work is a function of which items it is
given, and chance is addressed (`compute.chance`). `native` finds the compiled kernel.
"""

from trialwright.compute.engines import ENGINES, map_chunks
from trialwright.compute.keeping import Keeping

__all__ = ["ENGINES", "Keeping", "map_chunks"]

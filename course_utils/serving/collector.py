"""Python's garbage collector in a server: what does not change is not searched again.

With LangChain imported, one full collection stops every stream for up to a tenth of a
second, several times a second under load, and finds nothing.
"""

import gc

from course_utils.settings import settings

THRESHOLDS = (10_000, 20, 20)  # full collections become rare, and stay possible


@settings()
def tune_gc() -> None:
    """Leave out of collections all that start-up has made, and collect less often.

    Call it once, when a server has started; in a notebook it has no place. `gc.freeze`
    is for the whole process, so this is never done by an import.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)

"""Work that nobody waits for lets the pages go first where processors are few."""

import os

STEP = 10  # a page then gets nine tenths of a processor that both want


def step_aside() -> None:
    """Rank behind everything else from now on, with all threads and processes that begin later."""
    if hasattr(os, "nice"):  # not on Windows
        os.nice(STEP)

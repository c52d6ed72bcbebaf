"""What belongs to the office ends with it, even when the office is killed without a word."""

import os
import signal
import threading
import time

OFFICE = "OFFICE_PID"


def end_with_the_office() -> None:
    """Stop this process in order once the office that started it is gone; elsewhere do nothing."""
    # Taken out of the environment: the children of this process are not the office's.
    office = int(os.environ.pop(OFFICE, 0))
    if office:
        threading.Thread(target=_end_with, args=(office,), daemon=True).start()


def _end_with(office: int) -> None:
    # Asking is portable; Linux could tell us, macOS could not.
    while os.getppid() == office:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)

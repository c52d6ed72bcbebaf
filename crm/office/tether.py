"""Runs a module as `python -m` would, and ends it once the office that started it is gone.

`python -m crm.office.tether OFFICE_PID MODULE ARGUMENT ...`: nothing outlives a killed office.
"""

import os
import runpy
import signal
import sys
import threading
import time


def end_with(office: int) -> None:
    while os.getppid() == office:  # asking is portable; Linux could tell us, macOS could not
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    office, module = int(sys.argv[1]), sys.argv[2]
    threading.Thread(target=end_with, args=(office,), daemon=True).start()
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)

"""The project: composes the apps, decides nothing.

The Celery app is exported on demand: the office's supervisor imports this package too, and must
stay small.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "celery_app":
        from crm.celery import app

        return app
    raise AttributeError(name)

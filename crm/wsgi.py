import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
from crm.celery import app  # noqa: F401 - so that a page's messages go to our queue

application = get_wsgi_application()

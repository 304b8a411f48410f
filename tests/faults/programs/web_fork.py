"""The same application; the master process has made 300 spans before it forks (gunicorn --preload)."""

import kit
from web import app as app

kit.work(300, "master")

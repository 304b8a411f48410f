"""What the Django applications are set to; which of them it is says the environment."""

import os

ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
MIDDLEWARE: list[str] = []
ROOT_URLCONF = os.environ["BENCH_URLCONF"]
SECRET_KEY = "nothing here is secret"

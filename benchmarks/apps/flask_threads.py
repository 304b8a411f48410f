"""The Flask application without work, called from several threads at once."""

from apps.flask_hello import wsgi as wsgi_in_threads

__all__ = ["wsgi_in_threads"]

"""A Django application with one view and no work in it."""

from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path


def hello(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(f"Hello, {name}!")


urlpatterns = [path("hello/<name>", hello)]
wsgi = get_wsgi_application()

"""A Django application that runs one query for each request, through Django's own connection."""

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path


def hello(request: HttpRequest, name: str) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT quantity FROM stock WHERE item = %s", (name,))
        row = cursor.fetchone()
    return HttpResponse(f"Hello, {name}: {row[0] if row else 0} in stock")


urlpatterns = [path("hello/<name>", hello)]
wsgi = get_wsgi_application()
with connection.cursor() as filling:
    filling.execute("CREATE TABLE stock (item TEXT PRIMARY KEY, quantity INTEGER)")
    filling.executemany("INSERT INTO stock VALUES (%s, %s)", [(f"item {number}", number) for number in range(100)])

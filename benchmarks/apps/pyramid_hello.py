"""A Pyramid application with one view and no work in it."""

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response


def hello(request: Request) -> Response:
    return Response(f"Hello, {request.matchdict['name']}!")


with Configurator() as config:
    config.add_route("hello", "/hello/{name}")
    config.add_view(hello, route_name="hello")
    wsgi = config.make_wsgi_app()

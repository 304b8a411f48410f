"""A Falcon application with one resource and no work in it."""

import falcon


class Hello:
    def on_get(self, request: falcon.Request, response: falcon.Response, name: str) -> None:
        response.text = f"Hello, {name}!"


wsgi = falcon.App()
wsgi.add_route("/hello/{name}", Hello())

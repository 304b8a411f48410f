"""A Falcon application with one resource of coroutines and no work in it."""

import falcon.asgi


class Hello:
    async def on_get(self, request: falcon.asgi.Request, response: falcon.asgi.Response, name: str) -> None:
        response.text = f"Hello, {name}!"


asgi = falcon.asgi.App()
asgi.add_route("/hello/{name}", Hello())

"""What elasticapm-run does, which sees Flask, Django and Starlette, and the documented lines for other frameworks."""

from importlib import import_module
from typing import Any

import lines
from elasticapm.instrumentation.wrapper import sitecustomize  # noqa: F401 - does its work as it is imported


def fastapi(application: Any) -> None:
    starlette = import_module("elasticapm.contrib.starlette")
    application.add_middleware(starlette.ElasticAPM, client=starlette.make_apm_client())


def aiohttp(application: Any) -> None:
    import_module("elasticapm.contrib.aiohttp").ElasticAPM(application)


def tornado(application: Any) -> None:
    import_module("elasticapm.contrib.tornado").ElasticAPM(application)


def sanic(application: Any) -> None:
    import_module("elasticapm.contrib.sanic").ElasticAPM(app=application)


lines.add("fastapi.applications:FastAPI", fastapi)
lines.add("aiohttp.web_app:Application", aiohttp)
lines.add("tornado.web:Application", tornado)
lines.add("sanic.app:Sanic", sanic)

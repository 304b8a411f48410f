"""Many requests, and many sessions, engines and applications made and dropped. `leak.py REQUESTS OBJECTS`"""

import kit  # isort: split

import gc
import sys
import weakref

import requests
from flask import Flask

app = Flask("leak")
app.add_url_rule("/<int:number>", view_func=lambda number: str(number))
client = app.test_client()
number_of_requests, number_of_objects = int(sys.argv[1]), int(sys.argv[2])


def serve(number):
    for each in range(number):
        client.get(f"/{each}", buffered=True)
    kit.flush()
    gc.collect()
    return kit.memory()


serve(number_of_requests)
begun = serve(number_of_requests // 4)
grown = serve(number_of_requests) - begun
dropped = []
for number in range(number_of_objects):
    one, other = Flask(f"app{number}"), requests.Session()
    dropped += [weakref.ref(one), weakref.ref(other)]
    with kit.tracer().start_as_current_span("kept") as span:
        dropped.append(weakref.ref(span)) if hasattr(span, "__weakref__") else None
del one, other, span
kit.flush()
gc.collect()
kit.note(grown=grown, alive=sum(one() is not None for one in dropped))
print("done")

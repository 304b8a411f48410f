"""Every HTTP client is there, and nothing happens for a while. `idle.py SECONDS`"""

import http.client
import sys
import time
import urllib.request

import httpx
import kit
import requests

print(http.client.__name__, urllib.request.__name__, httpx.__name__, requests.__name__)
kit.work(5)
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    kit.work(1)
    kit.flush(5000)
    time.sleep(0.2)
    kit.note(made=1)

"""One record of the application's at DEBUG, everything on the root logger, then a while of nothing. `… SECONDS`"""

import kit  # isort: split

import logging
import sys
import time

import requests

logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
logging.getLogger("application").warning("one record")
print(requests.__name__)
time.sleep(float(sys.argv[1]))
kit.flush(5000)
kit.work(1)

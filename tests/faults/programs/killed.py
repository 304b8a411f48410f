"""Is killed by SIGTERM, with the default handler, at once. `killed.py [self]`"""

import os
import signal
import time

import kit

kit.work(400)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(30)

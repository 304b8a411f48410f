"""The collector's name is looked up for ever, or never found. `unresolved.py hang|raise`"""

import socket
import sys
import time

import kit


def resolve(*arguments, **options):
    if sys.argv[1] == "hang":
        time.sleep(30)
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


socket.getaddrinfo = resolve
longest = 0.0
for _ in range(20):
    with kit.clock() as took:
        kit.work(10)
    longest = max(longest, took.seconds)
    time.sleep(0.05)
kit.note(longest=longest)
print("done")
kit.note(ending=time.time())

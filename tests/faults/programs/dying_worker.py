"""The thread that sends is hit by SystemExit, once, where it connects."""

import os
import socket
import threading
import time

import kit

connect, left = socket.socket.connect, [SystemExit("from somebody's code")]


def connect_or_exit(*arguments):
    if left and threading.current_thread() is not threading.main_thread():
        raise left.pop()
    return connect(*arguments)


socket.socket.connect = connect_or_exit
kit.work(600, "before")
end = time.monotonic() + 10
while left and time.monotonic() < end:
    time.sleep(0.05)
kit.work(100, "after")
time.sleep(4)  # only the thread that sends can bring them now
kit.note(raised=not left)
print("done", flush=True)
kit.close_books()
os._exit(0)

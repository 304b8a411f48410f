"""The thread that sends is hit by SystemExit, once, where it connects."""

import socket
import threading

import kit

connect, left = socket.socket.connect, [SystemExit("from somebody's code")]


def connect_or_exit(*arguments):
    if left and threading.current_thread() is not threading.main_thread():
        raise left.pop()
    return connect(*arguments)


socket.socket.connect = connect_or_exit
kit.work(100, "before")
kit.flush(3000)
kit.work(100, "after")
kit.flush(5000)
kit.note(raised=not left)
print("done")

"""60 spans of 80 kB, and in their middle one of half a megabyte."""

import kit


def large(attributes):
    kit.work(1, **{f"key{number}": "x" * 4000 for number in range(attributes)})


for number in range(60):
    large(20)
    if number == 30:
        large(125)
kit.flush()
print("done")

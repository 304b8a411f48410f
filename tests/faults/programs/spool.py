"""Records while the collector is down; what is left on disk?"""

import os

import kit

kit.work(5000)
print(
    sorted(os.listdir(".")),
    sorted(os.listdir(os.environ.get("FAULTS_EMPTY", "."))) if "FAULTS_EMPTY" in os.environ else [],
)

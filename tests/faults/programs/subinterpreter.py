"""The API is used in a subinterpreter as well as in the main one."""

import kit

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
kit.work(10)
one = interpreters.create()
program = "import sys\nimport logging\nfrom opentelemetry import trace\ntrace.get_tracer('faults').start_span('inside').end()\n"
try:
    found = interpreters.run_string(one, program)
    print("ran" if found is None else "raised")
except Exception as error:
    print("raised", type(error).__name__)
interpreters.destroy(one)
kit.work(10)
print("done")

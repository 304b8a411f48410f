"""Lets the agent of New Relic speak plain HTTP, as all others here do: it has no setting for that any more."""

try:
    import urllib3
    from newrelic.common.agent_http import ApplicationModeClient
except ImportError:  # a Python without the agent, such as that of newrelic-admin's own helpers
    pass
else:
    ApplicationModeClient.CONNECTION_CLS = urllib3.HTTPConnectionPool
    ApplicationModeClient.PREFIX_SCHEME = "http://"

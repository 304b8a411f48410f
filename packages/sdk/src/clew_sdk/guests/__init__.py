"""What was written for opentelemetry-sdk and plugs in here: processors, exporters, readers. None of them can harm."""

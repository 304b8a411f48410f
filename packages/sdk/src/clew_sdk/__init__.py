"""The pipeline of clew behind the OpenTelemetry API: cheap spans, nothing lost, OTLP out."""

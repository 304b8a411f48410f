"""OTLP's protobuf encoding, written out: fields, values, spans, metrics, log records and the requests around them."""

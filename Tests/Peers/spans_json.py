"""Reads a batch of spans from standard input with the official classes; prints it as JSON. Usage: spans_json.py FORMAT,
one of jaeger, otlp-protobuf, otlp-json."""

import json
import sys


def jaeger(body):
    from jaeger_client.thrift_gen.jaeger.ttypes import Batch, SpanRefType, TagType
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.transport.TTransport import TMemoryBuffer

    buffer = TMemoryBuffer(body)
    batch = Batch()
    batch.read(TBinaryProtocol(buffer))
    batch.validate()
    if buffer.cstringio_buf.tell() != len(body):
        raise ValueError("bytes behind the batch")

    def unsigned(number):
        return f"{number % 2**64:016x}"

    def tags(list_):
        values = {
            TagType.STRING: lambda tag: tag.vStr, TagType.DOUBLE: lambda tag: tag.vDouble,
            TagType.BOOL: lambda tag: tag.vBool, TagType.LONG: lambda tag: tag.vLong,
        }
        return {tag.key: values[tag.vType](tag) for tag in list_ or []}

    def span(found):
        found.validate()
        return {
            "trace": unsigned(found.traceIdHigh) + unsigned(found.traceIdLow),
            "span": unsigned(found.spanId),
            "parent": unsigned(found.parentSpanId),
            "name": found.operationName,
            "links": [
                unsigned(ref.traceIdHigh) + unsigned(ref.traceIdLow) + unsigned(ref.spanId)
                for ref in found.references or [] if ref.refType == SpanRefType.FOLLOWS_FROM
            ],
            "flags": found.flags,
            "start": found.startTime,
            "duration": found.duration,
            "fields": tags(found.tags),
            "events": [{"time": log.timestamp, "fields": tags(log.fields)} for log in found.logs or []],
        }

    return {
        "service": batch.process.serviceName,
        "resource": tags(batch.process.tags),
        **sequence_and_losses(body),
        "spans": [span(found) for found in batch.spans],
    }


def sequence_and_losses(body):
    """Fields 3 and 4 of the batch: newer than the classes of jaeger-client, so read one by one."""
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.Thrift import TType
    from thrift.transport.TTransport import TMemoryBuffer

    protocol = TBinaryProtocol(TMemoryBuffer(body))

    def numbers():
        found = {}
        while True:
            _, kind, number = protocol.readFieldBegin()
            if kind == TType.STOP:
                return found
            if kind == TType.I64:
                found[number] = protocol.readI64()
            elif kind == TType.STRUCT and number == 4:
                found[number] = numbers()
            else:
                protocol.skip(kind)

    batch = numbers()
    return {"sequence": batch[3], "losses": [batch[4][1], batch[4][2], batch[4][3]]}


def otlp(request):
    def fields(pairs):
        return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}

    (group,) = request.resource_spans
    (scope,) = group.scope_spans
    return {
        "resource": fields(group.resource.attributes),
        "scope": [scope.scope.name, scope.scope.version],
        "spans": [
            {
                "trace": span.trace_id.hex(),
                "span": span.span_id.hex(),
                "parent": span.parent_span_id.hex(),
                "name": span.name,
                "kind": span.kind,
                "start": str(span.start_time_unix_nano),
                "end": str(span.end_time_unix_nano),
                "fields": fields(span.attributes),
                "links": [link.trace_id.hex() + link.span_id.hex() for link in span.links],
                "events": [
                    {"time": str(event.time_unix_nano), "name": event.name, "fields": fields(event.attributes)}
                    for event in span.events
                ],
                "status": [span.status.code, span.status.message],
            }
            for span in scope.spans
        ],
    }


def otlp_protobuf(body):
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    return otlp(ExportTraceServiceRequest.FromString(body))


def otlp_json(body):
    """OTLP's JSON differs from protobuf's in one thing: ids are hexadecimal, not base64."""
    import base64

    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    def with_base64(value):
        if isinstance(value, dict):
            return {
                key: base64.b64encode(bytes.fromhex(part)).decode()
                if key in ("traceId", "spanId", "parentSpanId") else with_base64(part)
                for key, part in value.items()
            }
        return [with_base64(part) for part in value] if isinstance(value, list) else value

    return otlp(json_format.ParseDict(with_base64(json.loads(body)), ExportTraceServiceRequest()))


READERS = {"jaeger": jaeger, "otlp-protobuf": otlp_protobuf, "otlp-json": otlp_json}
if __name__ == "__main__":
    json.dump(READERS[sys.argv[1]](sys.stdin.buffer.read()), sys.stdout)

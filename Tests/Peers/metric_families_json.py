"""Reads delimited io.prometheus.client.MetricFamily messages from standard input with the official protobuf runtime;
prints them as JSON. The schema is that of Prometheus' metrics.proto, without summaries."""

import json
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.internal.decoder import _DecodeVarint

FIELD = descriptor_pb2.FieldDescriptorProto
PACKAGE = "io.prometheus.client"

# name: (number, type, repeated)
SCHEMA = {
    "LabelPair": {"name": (1, "string"), "value": (2, "string")},
    "Timestamp": {"seconds": (1, "int64"), "nanos": (2, "int32")},
    "Gauge": {"value": (1, "double")},
    "Counter": {"value": (1, "double"), "exemplar": (2, "Exemplar"), "created_timestamp": (3, "Timestamp")},
    "Exemplar": {"label": (1, "LabelPair", True), "value": (2, "double"), "timestamp": (3, "Timestamp")},
    "Bucket": {"cumulative_count": (1, "uint64"), "upper_bound": (2, "double"), "exemplar": (3, "Exemplar")},
    "BucketSpan": {"offset": (1, "sint32"), "length": (2, "uint32")},
    "Histogram": {
        "sample_count": (1, "uint64"),
        "sample_sum": (2, "double"),
        "bucket": (3, "Bucket", True),
        "schema": (5, "sint32"),
        "zero_threshold": (6, "double"),
        "zero_count": (7, "uint64"),
        "positive_span": (12, "BucketSpan", True),
        "positive_delta": (13, "sint64", True),
        "created_timestamp": (15, "Timestamp"),
    },
    "Metric": {
        "label": (1, "LabelPair", True),
        "gauge": (2, "Gauge"),
        "counter": (3, "Counter"),
        "histogram": (7, "Histogram"),
    },
    "MetricFamily": {
        "name": (1, "string"),
        "help": (2, "string"),
        "type": (3, "int32"),
        "metric": (4, "Metric", True),
        "unit": (5, "string"),
    },
}


def metric_family():
    file = descriptor_pb2.FileDescriptorProto(name="metrics.proto", package=PACKAGE, syntax="proto3")
    for name, fields in SCHEMA.items():
        message = file.message_type.add(name=name)
        for field_name, (number, kind, *repeated) in fields.items():
            field = message.field.add(name=field_name, number=number)
            field.label = FIELD.LABEL_REPEATED if repeated else FIELD.LABEL_OPTIONAL
            if kind in SCHEMA:
                field.type, field.type_name = FIELD.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
            else:
                field.type = FIELD.Type.Value(f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.MetricFamily"))


def is_known(message):
    known = message.__class__()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    return known.ByteSize() == message.ByteSize()


def main():
    body = sys.stdin.buffer.read()
    message_class, families, place = metric_family(), [], 0
    while place < len(body):
        length, place = _DecodeVarint(body, place)
        family = message_class.FromString(body[place:place + length])
        if not is_known(family):
            sys.exit(f"{family.name} has fields the schema has not")
        families.append(family)
        place += length
    json.dump([json_format.MessageToDict(family, preserving_proto_field_name=True) for family in families], sys.stdout)


main()

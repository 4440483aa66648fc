"""Reads OpenMetrics text from standard input with the official client's parser; prints what it understood as JSON."""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families


def sample(found):
    exemplar = found.exemplar
    return {
        "name": found.name,
        "labels": found.labels,
        "value": str(found.value),
        "exemplar": exemplar and {
            "labels": exemplar.labels, "value": exemplar.value, "timestamp": float(exemplar.timestamp)
        },
    }


def main():
    text = sys.stdin.buffer.read().decode()
    families = [
        {
            "name": family.name,
            "type": family.type,
            "unit": family.unit,
            "help": family.documentation,
            "samples": [sample(found) for found in family.samples],
        }
        for family in text_string_to_metric_families(text)
    ]
    json.dump(families, sys.stdout)


main()

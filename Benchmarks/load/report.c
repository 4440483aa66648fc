#include "report.h"

#include <stdio.h>

static double per(uint64_t nanoseconds, double messages)
{
    return messages > 0 ? (double)nanoseconds / 1e3 / messages : 0;
}

static void print_request(const struct options *options)
{
    printf("{\"target\":\"%s\",\"pattern\":\"%s\",\"delivery\":\"%s\",\"agents\":%u,\"away\":%u,\"window\":%u,"
           "\"payload_bytes\":%u,\"rate\":%.0f,\"frames_each\":%u,\"verify_every\":%u",
           target_name(options->target), pattern_name(options->pattern),
           options->at_least_once ? "at_least_once" : "best_effort", options->agents, options->away, options->window,
           options->payload, options->rate, options->frames_each, options->verify_every);
}

static void print_cpu(const struct report *report)
{
    const double messages = (double)(report->end.settled - report->start.settled);
    const double time = (double)(report->end.time - report->start.time);
    const uint64_t server = report->end.server_cpu - report->start.server_cpu;
    const uint64_t own = report->end.own_cpu - report->start.own_cpu;
    printf(",\"messages\":%.0f,\"seconds\":%.3f,\"messages_per_second\":%.0f", messages, time / 1e9,
           messages / (time / 1e9));
    printf(",\"server_cpu_us_per_message\":%.4f,\"client_cpu_us_per_message\":%.4f", per(server, messages),
           per(own, messages));
    const uint64_t reads = report->end.reads - report->start.reads;
    printf(",\"messages_per_read\":%.2f", reads ? messages / (double)reads : 0);
    printf(",\"server_cores\":%.3f,\"client_cores\":%.3f", (double)server / time, (double)own / time);
}

static void print_latency(const struct latency *latency, bool acknowledged)
{
    printf(",\"latency_of\":\"%s\",\"latency_us\":{\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
           acknowledged ? "acknowledgement" : "delivery", (double)latency_quantile(latency, 0.5) / 1e3,
           (double)latency_quantile(latency, 0.99) / 1e3, (double)latency_quantile(latency, 0.999) / 1e3,
           (double)latency->max / 1e3);
}

bool report_print(const struct report *report, const struct load *load)
{
    const struct counts *counts = &load->counts;
    /* Negative where more came back than was sent. */
    const int64_t lost = (int64_t)(counts->sent - counts->settled - counts->refused);
    print_request(&load->options);
    print_cpu(report);
    print_latency(&report->latency, load->options.at_least_once);
    printf(",\"connect_seconds\":%.3f,\"server_resident_bytes\":{\"before\":%llu,\"connected\":%llu,\"after\":%llu}",
           report->connect_seconds, (unsigned long long)report->resident_before, (unsigned long long)report->resident_connected,
           (unsigned long long)report->resident_after);
    printf(",\"sent\":%llu,\"received\":%llu,\"refused\":%llu,\"lost\":%lld}\n", (unsigned long long)counts->sent,
           (unsigned long long)counts->received, (unsigned long long)counts->refused, (long long)lost);
    return lost == 0 && counts->refused == 0;
}

// The address sanitizer's settings, in the tests and in every program they start: most get an environment of their own.
const char *__asan_default_options(void);

const char *__asan_default_options(void) {
    // Metrics are never freed, on purpose, and LeakSanitizer cannot tell. Freed memory that is held back would count as the
    // relay's own, whose bounds some tests measure.
    return "detect_leaks=0:quarantine_size_mb=1";
}

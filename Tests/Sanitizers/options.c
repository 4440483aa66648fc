// The address sanitizer's settings, in the tests and in every program they start: most get an environment of their own.
const char *__asan_default_options(void);
const char *__asan_default_suppressions(void);

const char *__asan_default_options(void) {
    // Metrics are never freed, on purpose, and LeakSanitizer cannot tell. Freed memory that is held back would count as the
    // relay's own, whose bounds some tests measure.
    return "detect_leaks=0:quarantine_size_mb=1";
}

// Foundation's Process copies a whole struct dirent out of the last bytes of readdir's buffer, past its end, where many
// files are open (findMaximumOpenFromProcSelfFD); the tests start programs with it, the relay never does. And what the
// compiler makes of an optional number that #expect compares as AnyHashable reads a ninth byte.
const char *__asan_default_suppressions(void) {
    return "interceptor_via_lib:libFoundation.so\ninterceptor_via_fun:*_convertToAnyHashable*\n";
}

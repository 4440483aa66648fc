// Tells the thread sanitizer of Synchronization.Mutex. Its fast path is inlined and seen; under contention it goes into
// libswiftSynchronization, which is not instrumented, and every access under such a lock is reported as a race. These
// two stand before the library's own of the same name. (Swift 6.3; `swift test` alone links this, by `make sanitize`.)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

void __tsan_acquire(void *);
void __tsan_release(void *);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

static void *library(const char *name) {
    void *symbol = dlsym(RTLD_NEXT, name);
    if (symbol == NULL) abort();
    return symbol;
}

SWIFT void lock_slow(uint32_t thread, SELF handle) __asm__(LOCK);
SWIFT void lock_slow(uint32_t thread, SELF handle) {
    SWIFT void (*lock)(uint32_t, SELF) = library(LOCK);
    lock(thread, handle);
    __tsan_acquire(handle);
}

SWIFT void unlock_slow(SELF handle) __asm__(UNLOCK);
SWIFT void unlock_slow(SELF handle) {
    SWIFT void (*unlock)(SELF) = library(UNLOCK);
    __tsan_release(handle);
    unlock(handle);
}

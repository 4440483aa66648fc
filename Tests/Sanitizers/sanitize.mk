# The whole Swift suite under the thread and the address sanitizer, each in a build of its own. Included by the Makefile.
# FILTER is as for `make test`. The end-to-end tests run the sanitized binary.
.PHONY: sanitize sanitize-thread sanitize-address

sanitize: sanitize-thread sanitize-address ## Run the Swift tests under the thread and the address sanitizer

sanitize-thread: setup .build-tsan/mutex.o
	Tests/Sanitizers/run thread .build-tsan '$(FILTER)' -Xlinker $(CURDIR)/.build-tsan/mutex.o

sanitize-address: setup .build-asan/options.o
	Tests/Sanitizers/run address .build-asan '$(FILTER)' -Xlinker $(CURDIR)/.build-asan/options.o

# The toolchain's own clang: no other knows Swift's calling convention.
.build-tsan/%.o .build-asan/%.o: Tests/Sanitizers/%.c
	@mkdir -p $(@D)
	clang -std=c11 -O1 -g -Wall -Wextra -Werror -c $< -o $@

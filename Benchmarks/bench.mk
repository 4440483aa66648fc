# The load generator, the floor and the side by side run. Included by the Makefile, which has setup-bench and build;
# bench-programs and bench-check also work with this file alone. BENCH_ARGS goes to Benchmarks/run, BENCH_ARGS=--quick
# takes a minute.
BENCH_BUILD := .build/bench
BENCH_CFLAGS := -std=c11 -O2 -g -D_DEFAULT_SOURCE -Wall -Wextra -Wconversion -Wshadow -Werror
BENCH_HEADERS := $(wildcard Benchmarks/load/*.h)

.PHONY: bench bench-stores bench-stores-publish bench-publish bench-programs bench-check

bench-programs: $(BENCH_BUILD)/load $(BENCH_BUILD)/floor

$(BENCH_BUILD)/load: $(wildcard Benchmarks/load/*.c) $(BENCH_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) $(filter %.c,$^) -o $@ -lcrypto -ldeflate

$(BENCH_BUILD)/floor: $(wildcard Benchmarks/floor/*.c) $(BENCH_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -IBenchmarks/load $(filter %.c,$^) -o $@ -lcrypto -ldeflate

# A client that does no more than it must, for each server that stores lie on: what a store adds is measured against it.
BARE := $(addprefix $(BENCH_BUILD)/bare-,redis streams postgres jetstream)
$(BENCH_BUILD)/bare-redis $(BENCH_BUILD)/bare-streams: Benchmarks/bare/redis_pipeline.c
$(BENCH_BUILD)/bare-redis $(BENCH_BUILD)/bare-streams: LIBRARIES := -lhiredis
$(BENCH_BUILD)/bare-postgres: LIBRARIES := -lpq

$(BENCH_BUILD)/bare-%: Benchmarks/bare/%.c Benchmarks/bare/bare.c $(wildcard Benchmarks/bare/*.h)
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -I$(shell pg_config --includedir) $(filter %.c,$^) -o $@ $(LIBRARIES)

bench-stores: setup-bench $(BARE) ## Measure the stores alone, beside bare clients and JetStream; STORES_ARGS='--rounds 1'
	swift build -c release --product store-benchmark
	python3 Benchmarks/store_cost.py $(STORES_ARGS)

bench-stores-publish: ## Put the last `make bench-stores` into docs/performance.md
	python3 Benchmarks/store_table.py $(BENCH_BUILD)/stores.json docs/performance.md

bench: setup-bench build bench-programs ## Measure the relay beside nats-server and the C floor
	Benchmarks/run $(BENCH_ARGS)

bench-publish: ## Put the last `make bench` into docs: figures, table, picture
	Benchmarks/publish $(BENCH_BUILD)/results.json docs

bench-check: bench-programs ## Check the load generator against a relay that checks it, and what is made of its figures
	python3 Benchmarks/check_load.py
	python3 Benchmarks/check_report.py

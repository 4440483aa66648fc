# libFuzzer over the parsers, with the address sanitizer. Included by the Makefile. FUZZ_SECONDS is for each target, FUZZ
# names some of them; Tests/Fuzz/run has the rest.
FUZZ_SECONDS ?= 20
FUZZ ?=
FUZZ_BUILD := -c release --scratch-path .build-fuzz --product fuzz --sanitize fuzzer

.PHONY: fuzz fuzz-build fuzz-keep

fuzz-build: setup
	MOLTRELAY_FUZZ=1 swift build $(FUZZ_BUILD)

fuzz: fuzz-build ## Fuzz each parser for FUZZ_SECONDS (20); FUZZ='json frames' takes some of them
	@FUZZ_SECONDS=$(FUZZ_SECONDS) Tests/Fuzz/run $(FUZZ)

fuzz-keep: fuzz-build ## Put a minimal choice of what fuzzing came upon into Tests/Fuzz/Corpus
	@Tests/Fuzz/run --keep $(FUZZ)

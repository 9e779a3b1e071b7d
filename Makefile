# What is done with this repository, and what CI runs. `make` prints this table.
#
# Swift is found in PATH or where its packages and swiftly put it. Set-up is scripts/bootstrap; each
# target calls it for what it needs, and it does nothing where all is in place.

SWIFT := $(firstword $(shell command -v swift 2>/dev/null) \
  $(wildcard /usr/bin/swift $(HOME)/.local/share/swiftly/bin/swift))
ifneq ($(SWIFT),)
export PATH := $(patsubst %/,%,$(dir $(SWIFT))):$(PATH)
endif

swift_files = $(wildcard $(shell git ls-files --cached --others --exclude-standard '*.swift'))
generated := .artifacts/generated
tsan_report := .build/tsan/report

# `make fuzz trees` is `make fuzz TARGET=trees`: words after fuzz are no goals of their own.
ifeq ($(firstword $(MAKECMDGOALS)),fuzz)
TARGET ?= $(word 2,$(MAKECMDGOALS))
$(eval $(wordlist 2,9,$(MAKECMDGOALS)):;@:)
endif

.DEFAULT_GOAL := table
.NOTPARALLEL:
.PHONY: table serve build release test test-torch test-fast check lint format conformance integration \
  fuzz tsan counts bench docs check-generated models dist clean swift

table:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: swift ## set up, build the release and serve: demo models, or ARGS="model.onnx --http-port 9000"
	@scripts/bootstrap run
	scripts/release --product apus
	.build/release/apus serve $(ARGS)

build: swift ## debug build; warnings are errors
	swift build

release: swift ## release build: .build/release/apus
	scripts/release --product apus

test: swift ## set up and run all that must be green
	@scripts/bootstrap test
	swift build --build-tests
	@scripts/run-tests rules unit conformance integration clients

test-torch: ## models of PyTorch and Hugging Face, in .venv-torch: a download of gigabytes
	@scripts/bootstrap torch
	.venv-torch/bin/python -W ignore Tests/Clients/run --here Tests/Clients/worker/torch_test.py

test-fast: swift ## unit tests only
	@scripts/bootstrap run
	swift build --build-tests
	@scripts/run-tests unit

check: lint build ## before every commit: format, rules, build, unit tests
	@scripts/bootstrap run
	swift build --build-tests
	@scripts/run-tests rules unit

lint: swift ## format lint, no file is changed
	@swift format lint --strict --parallel $(swift_files)

format: swift ## swift format in place with the checked-in settings
	@swift format format --in-place --parallel $(swift_files)

conformance: swift ## the same cases against every runtime and protocol
	@scripts/bootstrap test
	swift build --build-tests
	@scripts/run-tests conformance

integration: swift ## the assembled server from outside, and the official clients
	@scripts/bootstrap test
	swift build --build-tests
	@scripts/run-tests integration clients

fuzz: swift ## fuzz the decoders for 30 seconds in all, or one: fuzz trees SECONDS=600
	@scripts/bootstrap run
	@SECONDS_OF_FUZZING=$(or $(SECONDS),30) Fuzz/run $(TARGET)

tsan: swift ## the rooms with threads, under the thread sanitizer
	@scripts/bootstrap run
	swift build --build-tests --sanitize=thread -Xswiftc -DTHREAD_SANITIZER --scratch-path .build/tsan
	@rm -f $(tsan_report).*
	@# What was found first is told last, where a reader of CI looks.
	TSAN_OPTIONS=log_path=$(CURDIR)/$(tsan_report) \
	  swift test --skip-build --disable-xctest --sanitize=thread --scratch-path .build/tsan \
	  --filter '^(Batching|Serving|Monitoring)Tests\.' || \
	  { for report in $(tsan_report).*; do [ ! -e "$$report" ] || head -n 60 "$$report"; break; done; \
	  exit 1; }

counts: swift ## allocations, copies and instructions of a request against Benchmarks/thresholds.json
	@scripts/bootstrap run
	@Benchmarks/run counts

bench: swift ## measure beside the peers and write docs/benchmarks.md
	@scripts/bootstrap bench
	@Benchmarks/run

docs: build ## write the generated pages of docs/operating again
	.build/debug/apus generate-docs docs/operating

check-generated: build ## fail where a generated page differs from a fresh one
	@rm -rf $(generated) && mkdir -p $(generated)
	@.build/debug/apus generate-docs $(generated)
	@for page in $(generated)/*; do \
	  diff -u "docs/operating/$${page##*/}" "$$page" || \
	  { echo "docs/operating/$${page##*/} is out of date: run make docs" >&2; exit 1; }; \
	done

models: ## make the demo models again from their scripts
	@models/make all

dist: swift ## one stripped program to carry to another machine
	@scripts/bootstrap run
	@scripts/dist

clean: ## remove what builds and tests made; set-up stays
	rm -rf .build .artifacts dist

swift:
	@[ -n "$(SWIFT)" ] || { printf '%s\n' \
	  'No swift was found in PATH, in /usr/bin or where swiftly puts it.' \
	  'Install Swift 6.3 for Debian 12 from swift.org and run make again.' >&2; exit 1; }

# make demo: the main job. make test: all tests. Both install what is missing.
SHELL := /bin/bash
GO ?= go
TAGS := goz3
BIN := bin/loopopt
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
CONV := examples/01-conv/conv.loop

.PHONY: demo test build deps lint generate ci bench-readme verify-corpus mutants crosscheck fuzz-verify verify-kernels mutants-asm silicon fuzz-gen kernelbench bench-plain bench-rnn bench-gemm bench-conv bench-portable bench-resnet bench-functions bench-forms tune-demo auto-demo functions-exhaustive

demo: build
	@echo "== 1. conv.loop, step by step, and the whole schedule"
	$(BIN) transform $(CONV)
	@echo "== 2. a wrong schedule is refuted"
	! $(BIN) verify examples/01-conv/wrong.loop
	@echo "== 3. kernels/conv is what gen writes"
	$(BIN) gen -o kernels/conv -check $(CONV)
	@echo "== 4. naive Go, emitted Go, emitted assembly"
	$(BIN) bench kernels/conv

test: build
	GOGC=400 GOMEMLIMIT=6GiB $(GO) test -tags $(TAGS) -timeout 25m ./...
	$(GO) test -tags purego ./kernels/*/
	CGO_ENABLED=0 GOFLAGS=-mod=mod $(GO) build ./...
	CGO_ENABLED=0 GOFLAGS=-mod=mod $(GO) run ./cmd/loopopt verify --engine process examples/05-softmax/softmax.loop
	@set -o pipefail; log=$$(mktemp); trap "rm -f $$log" EXIT; echo '$(EMULATED)'; $(EMULATED) 2>&1 | tee $$log || \
	  { grep -q '^exit status 124' $$log && echo "a test hung in the emulator: once more" && $(EMULATED); }

# The tests for arm64 in an emulator. Now and then Go's runtime waits there for ever, so each
# test program gets three minutes (exit status 124) where it takes seconds.
EMULATED = GOARCH=arm64 CGO_ENABLED=0 GOFLAGS=-mod=mod $(GO) test -short -exec "timeout -k 9 180 qemu-aarch64-static" ./kernels/*/ ./gen/simd ./gen/lift/insn

build: deps vendor
	$(GO) build -tags $(TAGS) -o $(BIN) ./cmd/loopopt

# Debian packages; other systems need the same things under other names.
PACKAGES := z3 libz3-dev gcc libc6-dev qemu-user-static
deps:
	@command -v $(GO) >/dev/null || { echo "install Go 1.26 or newer first"; exit 2; }
	@missing=; for p in $(PACKAGES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	  if [ -n "$$missing" ]; then echo "installing$$missing"; $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi

# vendor/ holds the dependencies for builds with -tags goz3: go-z3 links a libz3.a beside
# its own source, for which a linker script stands in that names the installed libz3.
vendor: go.mod go.sum
	$(GO) mod vendor
	echo 'INPUT(-lz3)' > vendor/github.com/mitchellh/go-z3/libz3.a
	touch vendor

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOFUMPT := mvdan.cc/gofumpt@v0.12.0
lint: vendor
	$(GO) vet -tags $(TAGS) ./...
	GOFLAGS=-mod=mod $(GO) run $(STATICCHECK) -tags $(TAGS) ./...
	@bad=$$(GOFLAGS=-mod=mod $(GO) run $(GOFUMPT) -l .); if [ -n "$$bad" ]; then echo "not gofumpt-ed:" $$bad; exit 1; fi

# Regenerates every checked-in package. That each is current is also a test (package kernels),
# which ci runs.
generate: build
	PATH=$(CURDIR)/bin:$$PATH $(GO) generate ./kernels/...

ci: test lint
	$(GO) test -tags $(TAGS) -race -short ./equiv/smt ./gen/golang/... ./kernels/conv
	@dirty=$$(git status --porcelain); if [ -n "$$dirty" ]; then echo "the tree is not clean:"; echo "$$dirty"; git diff | head -50; exit 1; fi

# The raw text of the benchmarks in bench/, the tables and the picture made of it, the
# refuted example of README.md. oneDNN, for comparison, is Debian's.
bench-readme: build
	@dpkg-query -W -f='$${Status}' libdnnl-dev 2>/dev/null | grep -q 'ok installed' || $(SUDO) apt-get install -y -qq --no-install-recommends libdnnl-dev
	$(GO) build -tags onednn -o bin/onednn ./bench/onednn
	OMP_NUM_THREADS=1 bin/onednn $(CONV) > bench/onednn.txt
	$(BIN) bench --rounds 9 --raw bench/layers.txt kernels/conv
	$(GO) test ./internal/benchtable -run TestFigures -update
	$(GO) test -tags $(TAGS) ./cmd/loopopt -run TestReadme -update

# The LSTM, forward and in training, and the forward GRU beside oneDNN's, in one process; without that library it says so and
# times ours alone.
bench-rnn: build
	@if dpkg-query -W -f='$${Status}' libdnnl-dev 2>/dev/null | grep -q 'ok installed' || $(SUDO) apt-get install -y -qq --no-install-recommends libdnnl-dev; then \
	  $(GO) build -tags onednn -o bin/onednn ./bench/onednn && OMP_NUM_THREADS=1 bin/onednn lstm > bench/rnn.txt; \
	else \
	  echo "oneDNN can't be installed: only ours is timed" | tee bench/rnn.txt; $(BIN) bench --rounds 9 kernels/lstm >> bench/rnn.txt; \
	fi
	cat bench/rnn.txt

# The talk's three implementations of an LSTM, of which the first two are generated for this.
bench-forms: build
	rm -rf bench/_forms/lstmforms && mkdir bench/_forms/lstmforms
	$(BIN) gen -o bench/_forms/lstmforms examples/03-lstm/forms.loop
	$(GO) build -o bin/forms ./bench/_forms
	bin/forms > bench/forms.txt
	$(GO) test ./internal/benchtable -run TestFigures -update
	cat bench/forms.txt

# Elementary functions and rows made of them, beside plain Go and what binds.
bench-functions: build
	$(GO) run ./bench/functions > bench/functions.txt
	$(GO) test ./internal/benchtable -run TestFigures -update
	grep ^ratio bench/functions.txt

# Convolutions of ResNet-50, forward and both gradients, beside oneDNN's, in one process.
bench-conv: build
	@if dpkg-query -W -f='$${Status}' libdnnl-dev 2>/dev/null | grep -q 'ok installed' || $(SUDO) apt-get install -y -qq --no-install-recommends libdnnl-dev; then \
	  $(GO) build -tags onednn -o bin/onednn ./bench/onednn && OMP_NUM_THREADS=1 bin/onednn conv -threads 2 > bench/conv.txt; \
	else \
	  echo "oneDNN can't be installed: only ours is timed" | tee bench/conv.txt; $(BIN) bench --rounds 9 kernels/conv2d >> bench/conv.txt; \
	fi
	cat bench/conv.txt
	$(GO) test ./internal/benchtable -run TestFigures -update

# Convolutions in Go, without assembly, beside the naive loops and loops that are written by hand.
bench-portable:
	$(GO) run -tags purego ./bench/portable > bench/portable.txt
	grep ^ratio bench/portable.txt

# What auto proposes, beside schedules written by hand.
auto-demo: build
	set -o pipefail; bench/auto.sh $(BIN) examples/06-plain/*.loop examples/02-gemm/gemm.loop 2>&1 | tee bench/auto.txt

# ResNet-50, from images to scores, beside the sum of oneDNN's convolutions.
bench-resnet: build
	@dpkg-query -W -f='$${Status}' libdnnl-dev 2>/dev/null | grep -q 'ok installed' || $(SUDO) apt-get install -y -qq --no-install-recommends libdnnl-dev
	$(GO) build -tags onednn -o bin/onednn ./bench/onednn && OMP_NUM_THREADS=1 bin/onednn resnet > bench/resnet.txt
	cat bench/resnet.txt

# Matrix products beside those of other libraries, as far as Debian has them and they can be
# installed; the text says which are missing.
PEERS := libdnnl-dev libxsmm-dev libopenblas-serial-dev libblis-serial-dev
bench-gemm: build
	-@dpkg-query -W $(PEERS) >/dev/null 2>&1 || $(SUDO) apt-get install -y -qq --no-install-recommends $(PEERS)
	$(GO) build -tags peers,xsmm -o bin/gemm ./bench/gemm || $(GO) build -tags peers -o bin/gemm ./bench/gemm
	OMP_NUM_THREADS=1 bin/gemm > bench/gemm.txt
	cat bench/gemm.txt

# The ten kernels of examples/06-plain: generated, vetted, tested, timed.
PLAIN := $(notdir $(basename $(wildcard examples/06-plain/*.loop)))
bench-plain: build
	rm -rf .plain && mkdir .plain
	set -e; for k in $(PLAIN); do $(BIN) gen -o .plain/$$k examples/06-plain/$$k.loop; done
	$(GO) vet $(PLAIN:%=./.plain/%)
	$(GO) test $(PLAIN:%=./.plain/%)
	set -e; for k in $(PLAIN); do $(BIN) bench --rounds 5 --raw .plain/$$k/bench.txt .plain/$$k; done
	cat $(PLAIN:%=.plain/%/bench.txt) > bench/plain.txt
	$(GO) test ./internal/benchtable -run TestFigures -update

# Every pair of testdata/verify against its expected verdict, each with a cold cache; and what
# ever longer chains and ever deeper nests cost.
verify-corpus: build
	$(BIN) verify --no-cache --raw bench/verify-corpus.txt testdata/verify
	$(GO) test -tags $(TAGS) ./internal/corpus -run TestScaling -v -count 1 -scaling-figures $(CURDIR)/bench/scaling.txt

# Small changes to the corpus: none that a run can tell may be proved.
mutants: build
	$(GO) test -tags $(TAGS) ./internal/corpus -run TestMutants -timeout 0 -mutants 8000 -mutant-figures $(CURDIR)/bench/mutants.txt

# Every obligation of the corpus, those of the presolver included, replayed by cvc5 and by
# Z3 as a process and in process.
crosscheck: build
	@command -v cvc5 >/dev/null || $(SUDO) apt-get install -y -qq --no-install-recommends cvc5
	set -o pipefail; $(BIN) verify --no-cache --budget 1000000 --cross-check cvc5,z3,goz3 testdata/verify | tee bench/crosscheck.txt

# Random programs, random steps and small changes, judged by runs.
fuzz-verify: build
	$(GO) test -tags $(TAGS) ./internal/pipeline -run TestFuzzVerify -timeout 0 -v -fuzz-verify 30m

# Random kernels with random schedules that are proved, generated for all processors,
# compiled, vetted and run against the interpreter. Stopped, it goes on later where it was, if
# the code is the same.
fuzz-gen: build
	$(GO) test -tags $(TAGS) ./internal/trial -run TestFuzzGen -timeout 0 -v -fuzz-gen 2000 -fuzz-figures $(CURDIR)/bench/fuzz-gen.txt

# How far a hundred kernels of the kind of KernelBench's first level come, each with one
# plain schedule, and why not further.
kernelbench: build
	$(GO) test -tags $(TAGS) ./internal/trial -run TestKernelBench -timeout 0 -v -kernelbench $(CURDIR)/bench/kernelbench.txt

# Re-proves the checked-in packages from their text: naive kernel = schedule = emitted Go
# and instructions, for all sizes.
verify-kernels: build
	$(BIN) verify kernels/...

# Mutates single instructions of checked-in kernels; what is still proved is listed with a
# reason in bench/mutants-asm.txt.
mutants-asm: vendor
	$(GO) test -tags $(TAGS) ./gen/lift -run TestMutantsAsm -mutants 2400 -mutants-report $(CURDIR)/bench/mutants-asm.txt -timeout 3h

# Measures the functions of loopir/library over all 2^32 arguments, on two cores: some
# minutes each. `go run ./internal/exhaustive -changed` measures only those whose text changed.
functions-exhaustive: build
	$(GO) run ./internal/exhaustive

# Executes every entry of the instruction table on this processor, and those of arm64 in
# an emulator, and compares the bits.
silicon:
	$(GO) test ./gen/lift/insn -run TestSilicon -v -count 1
	GOARCH=arm64 CGO_ENABLED=0 GOFLAGS=-mod=mod $(GO) test -exec qemu-aarch64-static ./gen/lift/insn -run TestSilicon -v -count 1
	GOARCH=arm64 CGO_ENABLED=0 GOFLAGS=-mod=mod $(GO) test -short -exec qemu-aarch64-static ./kernels -count 1 # gen writes the same bytes there

# The params of examples/01-conv/fused.loop on a 3x3 layer of ResNet-50: predicted, proved, timed.
# The log is begun anew; what was interrupted goes on with the same command without the first line.
TUNED := bench/tune-res3_3x3.jsonl
tune-demo: build
	rm -f $(TUNED)
	set -o pipefail; $(BIN) tune --top 0 --size conv_relu:N=1,K=128,C=128,P=28,Q=28,R=3,S=3,stride=1 --log $(TUNED) examples/01-conv/fused.loop 2>&1 | tee bench/tune.txt

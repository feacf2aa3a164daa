# `make help` lists the targets. Needs Linux, Rust and a JDK of version 24 or later. Other tools are installed where root calls on
# Debian or Ubuntu, and named elsewhere.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := dist
.DELETE_ON_ERROR:

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
ARCH := $(shell uname -m)
STAGE := scripts/stage
ARCHIVE := build/dist/nativejwt-$(VERSION)-linux-$(ARCH).tar.gz

RUST_SOURCES := Cargo.toml Cargo.lock rust-toolchain.toml $(shell find .cargo rust -type f)
JAVA_SOURCES := build.gradle java/dependencies.sha256 $(shell find java rust/core/generated tests/harness tests/coordinator tests/login tests/differential/java tests/trino -type f)

# Ours, in .cargo/config.toml, keeps the folders of this machine out of what is built.
unexport RUSTC_WRAPPER CARGO_BUILD_RUSTC_WRAPPER
# Set where this machine has the toolchain of rust-toolchain.toml under another name.
RUST_TOOLCHAIN := $(shell scripts/rust-toolchain)
ifneq ($(RUST_TOOLCHAIN),)
export RUSTUP_TOOLCHAIN := $(RUST_TOOLCHAIN)
endif

.PHONY: help demo check test differential verify-rules soak key-events verify-pass-through verify-login verify-storage verify-clients verify-observability bench fuzz dist lint format verify-fresh clean
.PHONY: test-setup bench-setup

help: ## lists the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r target what; do printf '  make %-20s %s\n' "$$target" "$$what"; done

# Rules can set groups, which the plugin for Trino 476 cannot give to a session; and only the server launcher compares in shadow mode.
demo: tools-build dist $(if $(LOGIN),tools-login build/test-downloads.stamp) $(if $(STORAGE),tools-storage build/test-downloads.stamp build/storage.stamp) ## a real coordinator, a real login, three rejections: KEEP=1 leaves it up, SEAM=server, TRINO=483; RULES=1 shows claim rules, SHADOW=1 shadow mode, LOGIN=1 nativejwt login, STORAGE=1 storage credentials
ifdef LOGIN
	@$(STAGE) "Browser: fetching what steers it" scripts/login-tools
	@exec scripts/harness io.nativejwt.people.LoginDemo server $(or $(TRINO),476) $(if $(KEEP),keep)
else ifdef STORAGE
	@exec scripts/harness io.nativejwt.storage.StorageDemo $(if $(KEEP),keep)
else
	@exec scripts/harness io.nativejwt.coordinator.Demo $(or $(SEAM),$(if $(RULES)$(SHADOW),server,plugin)) $(or $(TRINO),476) $(if $(KEEP),keep) $(if $(RULES),rules) $(if $(SHADOW),shadow)
endif

check: lint ## before a push, in two minutes: the lints, unit tests and cases
	@scripts/test quick

test: test-setup ## every test; the last line is "N passed, N failed"
	@scripts/test

differential: tools-build tools-differential dist ## ours against Trino's own classes, a million comparisons: SEED=… repeats a run, CASES=… tokens
	@tests/differential/run

verify-rules: tools-build ## claim rules against a second, plain evaluator, a million comparisons: CASES=… SEED=…
	@scripts/test rules

soak: tools-build dist ## an hour of mixed load while keys and rules change, memory must not grow: MINUTES=…
	@NATIVEJWT_SOAK_MINUTES=$(or $(MINUTES),60) scripts/junit soak

key-events: tools-build dist build/test-downloads.stamp ## what becomes of users while keys rotate, fail and come back: half an hour
	@exec scripts/harness io.nativejwt.coordinator.KeyEvents

verify-pass-through: tools-build tools-pass-through dist build/test-downloads.stamp build/pass-through.stamp ## pass-through on real parts: fetches more than a gigabyte once
	@scripts/test pass-through

verify-login: tools-build tools-login dist build/test-downloads.stamp ## people get tokens in a real Chromium, from a real Keycloak: UPDATE=1 writes docs/images
	@$(STAGE) "Browser: fetching what steers it" scripts/login-tools
	@UPDATE=$(UPDATE) scripts/test login

verify-storage: ## storage credentials on real parts: builds SeaweedFS once, which needs Go, and fetches 1.1 GB once
	@if scripts/storage-tools --check; then exec $(MAKE) --no-print-directory verify-storage-here; else echo "Skipped: storage credentials were not verified"; echo "0 passed, 0 failed"; fi

.PHONY: verify-storage-here
verify-storage-here: tools-build tools-storage dist build/test-downloads.stamp build/storage.stamp
	@scripts/test storage

verify-clients: tools-build tools-clients dist build/test-downloads.stamp build/clients.stamp ## JDBC, CLI, Spark, Python, SQLAlchemy, dbt, Go and Node.js against a coordinator: fetches 500 MB once
	@scripts/test clients

verify-observability: $(if $(UPDATE),tools-build dist build/prometheus.stamp) ## the dashboard against Grafana's schema, which needs Go: UPDATE=1 draws docs/images/dashboard.svg in eight minutes
	@if tests/coordinator/observability/schema/run --check; then scripts/test dashboard; else echo "Skipped: the dashboard was not held against Grafana's schema"; echo "0 passed, 0 failed"; fi
ifdef UPDATE
	@exec scripts/harness io.nativejwt.coordinator.DashboardPicture
endif

bench: bench-setup ## measures ours beside Trino's own: PART=jmh alone, QUICK=1 in minutes, UPDATE=1 writes docs/benchmarks/results.md
	@exec bench/run $(PART)

fuzz: tools-fuzz ## libFuzzer over tokens, key sets, patterns and property files: MINUTES=… for each, TARGET=… one of them
	@scripts/stage "Crates: fetching" scripts/crates . fuzz
	@fuzz/run "$(TARGET)" "$$(($(or $(MINUTES),1) * 60))"

dist: $(ARCHIVE) ## builds everything into build/dist/ (the default)

lint: tools-build tools-lint build/java.stamp ## format, compilers' lints, shellcheck, licences; no test
	@scripts/lint

format: tools-build tools-format ## formats Rust and Java
	@$(STAGE) "Fetching the formatter" scripts/gradle writePaths
	@scripts/format-java --replace
	cargo fmt --all

verify-fresh: tools-fresh ## shows in a bare Debian that each target installs what it needs: half an hour
	@scripts/verify-fresh

clean: ## removes what was built; downloads stay in their caches
	rm -rf build target .gradle

# Everything that a target fetches, before it starts to work.
test-setup: tools-build tools-test tools-differential dist build/test-downloads.stamp build/prometheus.stamp build/crates.stamp
bench-setup: tools-build tools-bench tools-differential dist build/bench.stamp build/crates.stamp

# tools-GROUP: what scripts/tools knows under this name is there, or is installed.
tools-%:
	@scripts/tools $*

build/java.stamp: $(JAVA_SOURCES) | tools-build
	@$(STAGE) "Java: fetching and compiling" scripts/gradle prepare && touch $@

build/test-downloads.stamp: build.gradle java/dependencies.sha256 | tools-build
	@$(STAGE) "Keycloak: fetching" scripts/gradle prepareTests && touch $@

build/prometheus.stamp: scripts/prometheus-tools | tools-test
	@$(STAGE) "Prometheus: fetching" scripts/prometheus-tools && touch $@

build/pass-through.stamp: build/java.stamp scripts/pass-through-tools $(shell find tests/pass-through -type f)
	@$(STAGE) "moto: fetching" scripts/pass-through-tools
	@$(STAGE) "Trino, Nessie: fetching" scripts/gradle preparePassThrough && touch $@

build/storage.stamp: build/java.stamp scripts/storage-tools $(shell find tests/storage -type f)
	@$(STAGE) "SeaweedFS: fetching and compiling" scripts/storage-tools
	@$(STAGE) "Trino: fetching" scripts/gradle prepareStorage && touch $@

build/clients.stamp: build/java.stamp scripts/client-tools $(shell find tests/clients -type f)
	@$(STAGE) "Clients: fetching and compiling" scripts/client-tools
	@$(STAGE) "Memory connector: fetching" scripts/gradle prepareClients && touch $@

build/bench.stamp: $(shell find bench/java -type f) build/java.stamp
	@$(STAGE) "Benchmarks: fetching and compiling" scripts/gradle prepareBench && touch $@

build/crates.stamp: Cargo.lock | tools-build
	@$(STAGE) "Crates: fetching" scripts/crates && touch $@

build/rust.stamp: $(RUST_SOURCES) | tools-build
	@$(STAGE) "Rust: compiling" cargo build --locked --release --workspace --exclude differential --exclude counts --exclude results --exclude test-support && touch $@

$(ARCHIVE): build/java.stamp build/rust.stamp scripts/package $(shell find etc -type f) LICENSE
	@$(STAGE) "Release folder" scripts/package $(VERSION) $(ARCH)

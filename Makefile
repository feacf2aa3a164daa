# make demo | test | bench | differential | soak | key-events | verify-pass-through | dist | lint | clean. Needs Linux, Rust, a C compiler, Gradle and a JDK of version 24 or later.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := dist
.DELETE_ON_ERROR:

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
ARCH := $(shell uname -m)
STAGE := scripts/stage
ARCHIVE := build/dist/nativejwt-$(VERSION)-linux-$(ARCH).tar.gz

RUST_SOURCES := Cargo.toml Cargo.lock $(shell find .cargo rust -type f)
JAVA_SOURCES := build.gradle java/dependencies.sha256 $(shell find java rust/core/generated tests/harness tests/coordinator tests/differential/java tests/trino -type f)

# Ours, in .cargo/config.toml, keeps the folders of this machine out of what is built.
unexport RUSTC_WRAPPER CARGO_BUILD_RUSTC_WRAPPER

.PHONY: demo test differential soak key-events verify-pass-through bench dist lint format clean

# KEEP=1 leaves the coordinator up until Ctrl-C. SEAM=server shows that seam, TRINO=483 another coordinator.
demo: dist
	@exec scripts/harness io.nativejwt.coordinator.Demo $(or $(SEAM),plugin) $(or $(TRINO),476) $(if $(KEEP),keep)

test: dist build/test-downloads.stamp
	@scripts/test

# Ours against stock: a million mappings and a hundred thousand tokens. SEED=… repeats a run, CASES=… sets the tokens.
differential: dist
	@tests/differential/run

# Mixed load while keys and rules change; memory must not grow. `make test` does it for two minutes.
soak: dist
	@NATIVEJWT_SOAK_MINUTES=$(or $(MINUTES),60) scripts/junit soak

# What becomes of users while keys rotate, fail and come back: stock beside ours, half an hour of real time.
key-events: dist build/test-downloads.stamp
	@exec scripts/harness io.nativejwt.coordinator.KeyEvents

# Pass-through on real parts: Trino with a worker, an Iceberg REST catalog, PostgreSQL, Keycloak, S3. Fetches more than a gigabyte once.
verify-pass-through: dist build/test-downloads.stamp build/pass-through.stamp
	@scripts/test pass-through

# Ours beside stock's: PART=jmh alone, QUICK=1 in minutes, UPDATE=1 writes docs/benchmarks/results.md.
bench: dist build/bench.stamp
	@exec bench/run $(PART)

dist: $(ARCHIVE)

lint:
	@scripts/lint

format: build/tools.stamp
	@scripts/stage "Fetching the formatter" scripts/gradle writePaths
	@scripts/format-java --replace
	cargo fmt --all

clean:
	rm -rf build target .gradle

build/tools.stamp: scripts/tools
	@mkdir -p build && scripts/tools && touch $@

build/java.stamp: $(JAVA_SOURCES) build/tools.stamp
	@$(STAGE) "Java: fetching and compiling" scripts/gradle prepare && touch $@

build/test-downloads.stamp: build.gradle java/dependencies.sha256 build/tools.stamp
	@$(STAGE) "Keycloak: fetching" scripts/gradle prepareTests && touch $@

build/pass-through.stamp: build/java.stamp scripts/pass-through-tools $(shell find tests/pass-through -type f)
	@$(STAGE) "PostgreSQL and moto: fetching" scripts/pass-through-tools
	@$(STAGE) "Trino, Nessie: fetching" scripts/gradle preparePassThrough && touch $@

build/bench.stamp: $(shell find bench/java -type f) build/java.stamp
	@$(STAGE) "Benchmarks: fetching and compiling" scripts/gradle prepareBench && touch $@

build/rust.stamp: $(RUST_SOURCES) build/tools.stamp
	@$(STAGE) "Rust: compiling" cargo build --locked --release --workspace --exclude differential --exclude counts --exclude results && touch $@

$(ARCHIVE): build/java.stamp build/rust.stamp scripts/package $(shell find etc -type f) LICENSE
	@$(STAGE) "Release folder" scripts/package $(VERSION) $(ARCH)

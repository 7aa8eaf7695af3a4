# A signpost. The build is Meson's (meson.build, tools/build); this file only names the doors.
.PHONY: help build run test check check-long bench clean
.DEFAULT_GOAL := help

# The documents that `make run` explores.
DOCS ?= .

help:
	@echo 'make run         start a daemon and explore DOCS (default: this tree) with three workers'
	@echo 'make build       build into build/; the programs are build/bin/*'
	@echo 'make test        every test, plain and with sanitizers; ends with "N passed, N failed"'
	@echo 'make check       clang-tidy and cppcheck'
	@echo 'make check-long  20,000 simulated seeds, and a minute for each fuzz target'
	@echo 'make bench       ours and the peers, side by side'
	@echo 'make clean       remove the build directories'
	@echo
	@echo 'Packages that are missing are installed when this is root or sudo asks no password;'
	@echo 'otherwise the one command to install them is printed.'

build:
	@tools/install-deps build
	@tools/build build

run: build
	@DOCS='$(DOCS)' tools/demo

test:
	@tools/install-deps build test
	@tools/run-tests

check:
	@tools/install-deps build test check
	@tools/run-checks

check-long: build
	@tools/install-deps build test
	@tools/run-long

bench:
	@tools/install-deps build bench
	@tools/build build-bench --buildtype=release -Doptimization=2 -Dbench=true
	@NEXUS_BUILD='$(CURDIR)/build-bench' bench/run

clean:
	rm -rf build build-asan build-tsan build-bench build-fuzz build-check

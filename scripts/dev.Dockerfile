# A machine for developers, with everything that the targets of the Makefile need. Never built by this project's tests; `make
# verify-fresh` shows the same steps in a bare Debian.
#   docker build -f scripts/dev.Dockerfile -t nativejwt-dev .
#   docker run -it --rm -v "$PWD":/nativejwt -v nativejwt-cache:/root/.cache nativejwt-dev make check
FROM eclipse-temurin:25-jdk AS jdk

FROM rust:1.95.0-bookworm
COPY --from=jdk /opt/java/openjdk /opt/jdk-25
ENV JAVA_HOME=/opt/jdk-25
RUN rustup component add clippy rustfmt
WORKDIR /nativejwt
COPY scripts/tools scripts/find-jdk scripts/
RUN scripts/tools build test differential lint fuzz bench pass-through && rm -rf /var/lib/apt/lists/*

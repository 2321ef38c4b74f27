# lakehouse-server and the tasks, built from this repository's source. Untried: the machine of the tests has no docker.
FROM rust:1.94-bookworm AS built
RUN apt-get update && apt-get install -y --no-install-recommends npm && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN cargo build --workspace --release --bins \
    && mkdir -p /programs \
    && find target/release -maxdepth 1 -type f -executable -exec cp {} /programs/ \; \
    && cp vendor/duckdb/libduckdb.so /programs/

FROM debian:bookworm-slim
COPY --from=built /programs/ /usr/local/bin/
USER 1000:1000
EXPOSE 8099
ENTRYPOINT ["lakehouse-server"]

# syntax=docker/dockerfile:1
FROM python:3.11-slim AS packages
WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --no-compile -r requirements.lock

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin refresh \
    && install -d -o 10001 -g 10001 /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /project
# .dockerignore says what there is to copy.
COPY . .
# All that is written goes to /data, so that the rest of the container may be read-only.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    REFRESH_TARGET=postgres \
    SIGNUP_ATTRIBUTION_DUCKDB=/data/signup_attribution.duckdb \
    DBT_TARGET_PATH=/data/target \
    DBT_LOG_PATH=/data/logs
USER 10001
VOLUME /data
# The first refresh reads all of history, which may take hours.
HEALTHCHECK --interval=5m --timeout=30s --start-period=6h --retries=3 \
    CMD ["/bin/sh", "-c", "exec python scripts/health.py --target \"$REFRESH_TARGET\""]
# One refresh; arguments to it, such as --full-refresh, follow the name of the image. deploy/docker/daily.sh repeats it.
ENTRYPOINT ["/bin/sh", "-c", "exec python scripts/refresh.py --target \"$REFRESH_TARGET\" \"$@\"", "refresh"]

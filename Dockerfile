# One image for every role: `magicpic serve ROLE`, `magicpic init`, `magicpic audit`, …
# It builds with BuildKit and with the classic builder alike, hence no RUN --mount and no COPY --link.

FROM python:3.13-slim AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore uv==0.13.8
WORKDIR /src
# What uv.lock names, without the servers and the tools. Apart from our own code, so that this large layer stays the
# same until a dependency changes.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project
COPY . .
RUN uv pip install --python /opt/venv/bin/python --no-deps --target /opt/magicpic .

FROM python:3.13-slim
# By number, so that an orchestrator can see that this is not root.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin magicpic \
    && install -d -o 10001 -g 10001 -m 700 /var/lib/magicpic/mail
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/magicpic /opt/magicpic
ENV PATH=/opt/magicpic/bin:/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/magicpic \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    MAGICPIC_GATEWAY_HOST=0.0.0.0 \
    MAGICPIC_GATEWAY_PORT=8000 \
    MAGICPIC_HTTP_HOST=0.0.0.0 \
    MAGICPIC_HTTP_PORT=8080
USER 10001
WORKDIR /tmp
# 8000: the public API (gateway alone). 8080: /healthz, /readyz, /metrics and /asyncapi of every role.
EXPOSE 8000 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-I", "-S", "/opt/magicpic/deploy/docker/ask.py", "/healthz"]
ENTRYPOINT ["magicpic"]

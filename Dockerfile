# Two images from one file: `docker build --target server .` (no torch) and `docker build --target worker .`.
# `make test-images` runs these steps without Docker.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    LRTUNE_HOME=/var/lib/lrtune \
    PATH=/opt/lrtune/bin:$PATH
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/lrtune --shell /usr/sbin/nologin lrtune \
    && install --directory --owner=lrtune --group=lrtune --mode=0700 /var/lib/lrtune
WORKDIR /srv/lrtune
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY lrtune lrtune
COPY store store
COPY migrations migrations

FROM base AS server
COPY service service
COPY examples examples
RUN python -m venv /opt/lrtune \
    && /opt/lrtune/bin/pip install --no-cache-dir -c constraints.txt -e '.[server,otel]'
USER 10001
EXPOSE 8765
VOLUME /var/lib/lrtune
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8765/readyz', timeout=2)"]
CMD ["lrtune", "serve", "--host", "0.0.0.0", "--workers", "0"]

FROM base AS worker
COPY workers workers
# An image for CPUs: --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG TORCH_INDEX=https://pypi.org/simple
ARG EXTRAS=worker,otel
RUN python -m venv /opt/lrtune \
    && /opt/lrtune/bin/pip install --no-cache-dir --extra-index-url "${TORCH_INDEX}" -c constraints.txt -e ".[${EXTRAS}]"
USER 10001
VOLUME /var/lib/lrtune
CMD ["lrtune", "worker"]

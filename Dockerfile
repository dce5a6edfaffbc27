# syntax=docker/dockerfile:1
# One image for web nodes and media workers; docker-compose.yml says which part a container is.

FROM python:3.11-slim-bookworm AS build
WORKDIR /source
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_LINK_MODE=copy UV_NO_CACHE=1
COPY requirements/uv.txt requirements/run.lock requirements/
RUN pip install --require-hashes -r requirements/uv.txt \
    && python -m venv /opt/venv \
    && uv pip sync --python /opt/venv/bin/python --require-hashes --only-binary :all: --no-binary crontab \
        --build-constraints requirements/run.lock requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY video_service video_service
COPY signaling signaling
COPY media media
COPY scheduler scheduler
COPY web web
RUN uv pip install --python /opt/venv/bin/python --offline --no-deps --no-build-isolation .
# The networks' weights, each checked by its digest; the second command fails the build when one is missing or altered.
ENV VIDEO_SERVICE_WEIGHTS_DIR=/opt/weights
RUN cd / && /opt/venv/bin/python -m media.weights fetch && /opt/venv/bin/python -m media.weights check

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 libegl1 libgles2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin video-service \
    && install -d -m 0755 /certificates \
    && install -d -o video-service -g video-service -m 0700 \
        /data /video-messages /certificates/authority /certificates/media /certificates/trusted
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/weights /opt/weights
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    VIDEO_SERVICE_LOG_FORMAT=json \
    VIDEO_SERVICE_HOST=0.0.0.0 \
    VIDEO_SERVICE_DATA_DIR=/data \
    VIDEO_SERVICE_WEIGHTS_DIR=/opt/weights
USER video-service
WORKDIR /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["video-service", "health", "web"]
ENTRYPOINT ["video-service"]
CMD ["web"]

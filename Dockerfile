# The application alone; docker-compose.yml puts a PostgreSQL beside it. See docs/deployment.md.
FROM python:3.11-slim

WORKDIR /app
COPY requirements/server.txt requirements/server.txt
RUN pip install --no-cache-dir --require-hashes --requirement requirements/server.txt

COPY pyproject.toml README.md LICENSE ./
COPY simulator simulator
COPY config config
COPY migrations migrations
RUN pip install --no-cache-dir --no-deps .

RUN useradd --system --uid 10001 simulator && mkdir data && chown simulator data
USER simulator
VOLUME /app/data
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=12 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
CMD ["sh", "-c", "simulator migrate && exec simulator serve --host 0.0.0.0"]

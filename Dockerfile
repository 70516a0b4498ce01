# docker build -t breakthroughs .                               CPU
# docker build -t breakthroughs:gpu --build-arg DEVICE=gpu .    NVIDIA; run it with --gpus all
# docker run -p 7860:7860 -v breakthroughs:/data breakthroughs  docs/hosting.md says more
FROM python:3.11-slim-bookworm

# cpu: torch without CUDA, some 200 MB; gpu: as the Python index has it, with CUDA.
ARG DEVICE=cpu

RUN useradd --create-home --uid 1000 app \
    && install --directory --owner=app /data
WORKDIR /app

COPY requirements.txt constraints.txt ./
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN if [ "$DEVICE" = cpu ]; then \
        grep -E '^torch(vision)?==' constraints.txt > /tmp/torch.txt \
        && pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu \
            -r /tmp/torch.txt; \
    fi \
    && pip install --no-cache-dir -r requirements.txt -c constraints.txt

COPY . .

# What outlives the container: models that were downloaded, visitors' trainings.
ENV BREAKTHROUGHS_HOST=0.0.0.0 \
    BREAKTHROUGHS_CACHE_DIR=/data/models \
    BREAKTHROUGHS_JOBS_DIR=/data/jobs \
    PYTHONUNBUFFERED=1
VOLUME /data
USER 1000
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/healthz', timeout=8)"]
STOPSIGNAL SIGTERM
CMD ["python", "app.py", "--port", "7860", "--log", "json"]
